"""Parameters and floating-point operations of the networks and of one training step of any model, counted by torch."""
import copy
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


class Cost(NamedTuple):
    """Cost of a component for a whole batch."""
    parameters: int
    flops: int  # of a forward pass, or of the whole step; a multiply-add counts as two


def component_costs(cfg: Config, batch_size: int = 2) -> dict[str, Cost]:
    """Costs of each network of a config's model, and of its first training step as ``'training step'``.

    The step is run once, on black images: what its forward and backward passes compute counts, products and convolutions alone.
    A network costs a forward pass of what the step gives it, and nothing if the step does not run it.

    Args:
        cfg: Config with ``model`` and ``optim_wrapper``; the model is a :class:`~ibgan_plugin.models.base.LatentModel`.
        batch_size: Images of the batch, at least 2 where there is BatchNorm.

    Raises:
        IBGANError: If the model is of another kind, or ``batch_size`` is below 1.
    """
    if batch_size < 1:
        raise IBGANError(f'batch_size must be at least 1, got {batch_size}')
    model = MODELS.build(cfg.model).train()
    if not isinstance(model, LatentModel):
        raise IBGANError(f'model.type must be a LatentModel such as IBGAN, got {type(model).__name__}')
    networks = {name: child for name, child in model.named_children() if any(True for _ in child.parameters())}
    given: dict[str, tuple] = {}
    hooks = [network.register_forward_pre_hook(lambda _, inputs, name=name: given.setdefault(name, inputs) and None)
             for name, network in networks.items()]
    imgs = torch.zeros(batch_size, *model.image_shape, dtype=torch.uint8)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    with FlopCounterMode(display=False) as step:
        model.train_step(dict(inputs=imgs), wrapper)
    for hook in hooks:
        hook.remove()
    costs = {name: Cost(_parameters(network), _forward_flops(network, given.get(name))) for name, network in networks.items()}
    costs['training step'] = Cost(_parameters(model), step.get_total_flops())
    return costs


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def _forward_flops(network: nn.Module, inputs: tuple[Any, ...] | None) -> int:
    if inputs is None:
        return 0
    with FlopCounterMode(display=False) as counter:
        network(*inputs)
    return counter.get_total_flops()


def format_costs(costs: dict[str, Cost]) -> str:
    """A table, one line a component."""
    lines = [f'{"component":15} {"parameters":>12} {"GFLOP":>10}']
    lines += [f'{name:15} {cost.parameters:12,} {cost.flops / 1e9:10.4f}' for name, cost in costs.items()]
    return '\n'.join(lines)
