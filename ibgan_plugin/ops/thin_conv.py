"""4x4 stride-2 convolutions from and to images, whose few channels a CPU's convolution library handles badly.

oneDNN pads channels to whole vectors, so spreading features over an image of one channel, forward in the generator's last layer and
backward in the first of D and q, runs at a twentieth of the processor's rate. Here it is one matrix product, which gives
every feature's 16 contributions (taps), and the addition of shifted taps. Everything else is left to the library.
"""
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.ops.fast_path import is_plain_conv, on_eager_cpu

#: Up to this many image channels the taps are faster.
MAX_CHANNELS = 4


def spread(features: Tensor, weight: Tensor) -> Tensor:
    """``F.conv_transpose2d(features, weight, stride=2, padding=1)`` for a 4x4 ``weight``, without a graph.

    An even output row 2u gets tap 1 of input row u and tap 3 of row u - 1; an odd one, 2u + 1, tap 2 of row u and tap 0 of u + 1.
    The same holds for columns.

    Args:
        features: N x in x H x W.
        weight: in x out x 4 x 4.

    Returns:
        N x out x 2H x 2W, channels-last.
    """
    num, width, height, length = features.shape
    out = weight.shape[1]
    rows = features.permute(0, 2, 3, 1).reshape(-1, width)
    taps = weight.permute(2, 3, 1, 0).reshape(16 * out, width) @ rows.T
    taps = taps.view(4, 4, out, num, height, length)  # row tap, column tap, ...
    even, odd = taps[1], taps[2]
    even[:, :, :, 1:] += taps[3, :, :, :, :-1]
    odd[:, :, :, :-1] += taps[0, :, :, :, 1:]
    by_row = taps[1:3]  # row parity, column tap, ...
    even, odd = by_row[:, 1], by_row[:, 2]
    even[..., 1:] += by_row[:, 3, ..., :-1]
    odd[..., :-1] += by_row[:, 0, ..., 1:]
    parities = by_row[:, 1:3]  # row parity, column parity, out, N, H, W
    return parities.permute(3, 4, 0, 5, 1, 2).reshape(num, 2 * height, 2 * length, out).permute(0, 3, 1, 2)


def _channels_last(imgs: Tensor) -> Tensor:
    """``imgs`` in channels-last layout, also by its strides, which for one channel may say either."""
    _, channels, height, length = imgs.shape
    imgs = imgs.contiguous(memory_format=torch.channels_last)
    return imgs.as_strided(imgs.shape, (channels * height * length, 1, channels * length, channels))


def _weight_gradient(grad: Tensor, imgs: Tensor, weight: Tensor) -> Tensor:
    """Gradient of the weight of ``F.conv2d(imgs, weight)``, differentiable.

    The library takes the layout from the strides of ``imgs``, and without need reorders a channels-last ``grad`` where they do not
    say so. It is also slower with the gradient of the bias, which is a sum.
    """
    return torch.ops.aten.convolution_backward(
        _channels_last(grad), _channels_last(imgs), weight, None, [2, 2], [1, 1], [1, 1], False, [0, 0], 1, [False, True, False])[1]


class _Spread(torch.autograd.Function):
    """:func:`spread` with its gradients."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        return spread(features, weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:  # type: ignore[override]
        features, weight = ctx.saved_tensors
        of_features = F.conv2d(grad, weight, stride=2, padding=1) if ctx.needs_input_grad[0] else None
        of_weight = _weight_gradient(features, grad, weight) if ctx.needs_input_grad[1] else None
        return of_features, of_weight


class _Gather(torch.autograd.Function):
    """``F.conv2d`` with :func:`spread` as the gradient of its input."""

    @staticmethod
    def forward(ctx: Any, imgs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(imgs, weight)
        return F.conv2d(imgs, weight, bias, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        imgs, weight = ctx.saved_tensors
        of_imgs = _Spread.apply(grad, weight) if ctx.needs_input_grad[0] else None
        of_weight = _weight_gradient(grad, imgs, weight) if ctx.needs_input_grad[1] else None
        return of_imgs, of_weight, grad.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None


def _is_image_conv(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether a convolution is 4x4 with stride 2 and padding 1."""
    return is_plain_conv(layer) and (layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1))


class ImageConv2d(nn.Conv2d):
    """A 4x4 stride-2 convolution with padding 1 that reads images: ``nn.Conv2d`` in all but speed.

    Shape: N x in x 2H x 2W -> N x out x H x W.
    """

    @staticmethod
    def fits(layer: nn.Conv2d) -> bool:
        """Whether the layer is such a convolution and has few channels."""
        return _is_image_conv(layer) and layer.in_channels <= MAX_CHANNELS

    def forward(self, input: Tensor) -> Tensor:
        """Apply the convolution."""
        if on_eager_cpu(input) and input.ndim == 4 and input.shape[2] % 2 == input.shape[3] % 2 == 0:
            return _Gather.apply(input, self.weight, self.bias)
        return super().forward(input)


class ImageConvTranspose2d(nn.ConvTranspose2d):
    """A 4x4 stride-2 transposed convolution with padding 1 that writes images: ``nn.ConvTranspose2d`` in all but speed.

    Shape: N x in x H x W -> N x out x 2H x 2W.
    """

    @staticmethod
    def fits(layer: nn.ConvTranspose2d) -> bool:
        """Whether the layer is such a convolution and has few channels."""
        return _is_image_conv(layer) and layer.out_channels <= MAX_CHANNELS

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply the transposed convolution."""
        if output_size is not None or input.ndim != 4 or not on_eager_cpu(input):
            return super().forward(input, output_size)
        imgs = _Spread.apply(input, self.weight)
        return imgs if self.bias is None else imgs + self.bias[:, None, None]
