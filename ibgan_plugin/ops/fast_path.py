"""When a layer may compute its result in another way than the library would."""
import torch
from torch import Tensor, nn


def on_eager_cpu(inputs: Tensor) -> bool:
    """Whether ``inputs`` are on a CPU and computed with eagerly, in single or double precision.

    On CUDA the library is fast at every shape. Tracers (exports, counts of operations) and compilers are to see plain
    convolutions, and autocast chooses precisions for the library's own layers only. ``WindowConv2d`` does not ask: what it
    computes is one plain layer of the library too, a linear one, of as many operations, and all of these know it as well.
    """
    return inputs.device.type == 'cpu' and inputs.dtype in (torch.float32, torch.float64) and not (
        torch.jit.is_tracing() or torch.compiler.is_compiling() or torch.is_autocast_enabled('cpu'))


def is_plain_conv(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether a convolution is one without groups, dilation, and padding by something else than zeros."""
    return (layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == 'zeros'
            and layer.output_padding == (0, 0))
