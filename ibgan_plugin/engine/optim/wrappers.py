"""An optimiser wrapper that survives bad batches."""
import logging
from typing import Any

import torch
from mmengine.logging import MessageHub, print_log
from mmengine.optim import OptimWrapper
from torch import Tensor

from ibgan_plugin.registry import OPTIM_WRAPPERS


def gradient_norm(param_groups: list[dict[str, Any]]) -> Tensor:
    """Norm of all gradients of an optimiser's ``param_groups``, on their device."""
    return torch.nn.utils.get_total_norm([p.grad for group in param_groups for p in group['params'] if p.grad is not None])


@OPTIM_WRAPPERS.register_module()
class SkipNonFiniteOptimWrapper(OptimWrapper):
    """MMEngine's OptimWrapper that leaves out an update whose gradients hold NaN or infinity, with a warning.

    In a distributed run the gradients are averaged before, so all ranks skip alike. The check reads the gradients' norm once an
    update, which waits for the device.

    Attributes:
        skipped: Number of updates left out.
        group: What it updates, for the warning; set by ``GroupedOptimWrapperConstructor``.
    """
    skipped = 0
    group = 'a model'

    def step(self, **kwargs: Any) -> None:
        """Update the parameters unless a gradient is not finite."""
        if gradient_norm(self.param_groups).isfinite():
            super().step(**kwargs)
            return
        self.skipped += 1
        hub = MessageHub.get_current_instance()
        print_log(f'NaN or infinity in the gradients of {self.group} at iteration {hub.get_info("iter", 0) + 1}: update left out '
                  f'({self.skipped} so far); last good checkpoint: {hub.get_info("last_good_ckpt", "none was saved")}',
                  'current', level=logging.WARNING)
