"""Mixed precision in bfloat16, also on CPUs, which MMEngine's wrapper refuses."""
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from ibgan_plugin.registry import OPTIM_WRAPPERS


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 matrices faster than float32 ones: it has AMX or AVX512_BF16."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """MMEngine's OptimWrapper whose networks compute in bfloat16 (``torch.autocast``), on CUDA and on CPUs.

    Weights, the optimiser's state and BatchNorm's statistics stay in float32, and the models bring what their networks give back to
    it before losses, KL and reparameterisation. Within one context a weight is rounded once, however often it is used. bfloat16
    has the range of float32, so losses need no scaling, and nothing waits for the device to find out whether it was right.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Gradient accumulation as in MMEngine's wrapper, and autocast."""
        device = self.param_groups[0]['params'][0].device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield
