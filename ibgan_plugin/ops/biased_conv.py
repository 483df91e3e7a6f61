"""Transposed convolutions whose bias is added after them.

oneDNN takes a third to a half of a transposed convolution's backward pass for the gradient of its bias, which is a sum.
"""
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.ops.fast_path import is_plain_conv, on_eager_cpu


class BiasedConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution with a bias: ``nn.ConvTranspose2d`` in all but speed.

    Shape: N x in x H x W -> N x out x H' x W'.
    """

    @staticmethod
    def fits(layer: nn.ConvTranspose2d) -> bool:
        """Whether the layer has a bias."""
        return is_plain_conv(layer) and layer.bias is not None

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply the transposed convolution."""
        if output_size is not None or input.ndim != 4 or not on_eager_cpu(input) or self.bias is None:
            return super().forward(input, output_size)
        imgs = F.conv_transpose2d(input, self.weight, None, self.stride, self.padding)  # type: ignore[arg-type]
        return imgs.add_(self.bias[:, None, None])
