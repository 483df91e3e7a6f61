"""Running a network where it must not change."""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.model import is_model_wrapper
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import ParametrizationList


def unwrap(module: nn.Module) -> Any:
    """The module behind a distributed wrapper, or the module itself."""
    return module.module if is_model_wrapper(module) else module


def live(module: nn.Module) -> Any:
    """The module to call: the bare one while it is frozen, since a distributed wrapper would wait for its gradients."""
    bare = unwrap(module)
    return module if any(p.requires_grad for p in bare.parameters()) else bare


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Inside, ``module`` is in eval mode; then as before."""
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Inside, a forward pass through ``modules`` records no weight gradients and leaves all buffers alone.

    Gradients with respect to the input flow as always, and BatchNorm normalises with the batch's statistics as in training.
    Spectral norm divides by the singular value of its newest power iteration and makes no further one.
    The backward pass may run after the context has ended.
    """
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    norms = [m for module in modules for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    parametrizations = [m for module in modules for m in module.modules() if isinstance(m, ParametrizationList) and m.training]
    try:
        for parameter in parameters:
            parameter.requires_grad_(False)
        for norm in norms:
            # In training mode BatchNorm reads its running statistics only to update them, and only when this is set.
            norm.track_running_stats = False
        for parametrization in parametrizations:
            parametrization.eval()
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
        for norm in norms:
            norm.track_running_stats = True
        for parametrization in parametrizations:
            parametrization.train()
