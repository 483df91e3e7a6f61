"""Convolutions whose kernel covers their whole input, as one matrix product.

Faster on a CPU: several times for large kernels, for which oneDNN has no good path, and by the cost of a call for one pixel.
Tracers, compilers, autocast and CUDA get the product too, unlike the other twins (:mod:`~ibgan_plugin.ops.fast_path`): it is one
plain layer of the library, of as many operations.
"""
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.ops.fast_path import is_plain_conv


class WindowConv2d(nn.Conv2d):
    """A convolution without padding: ``nn.Conv2d`` in all but speed, on inputs of the kernel's size.

    Shape: N x in x k x k -> N x out x 1 x 1, and what else ``nn.Conv2d`` takes.
    """

    @staticmethod
    def fits(layer: nn.Conv2d) -> bool:
        """Whether the kernel may meet inputs of its own size."""
        return is_plain_conv(layer) and layer.padding == (0, 0)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the kernel, to the only window if there is one."""
        if input.shape[2:] != self.kernel_size:
            return super().forward(input)
        # NHWC order on both sides: free views when input and weight are channels-last.
        rows = input.permute(0, 2, 3, 1).flatten(1)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(rows, weight, self.bias)[:, :, None, None]
