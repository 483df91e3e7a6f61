"""Building blocks shared by the networks, and the published initialisation."""
from math import log2

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.ops.thin_conv import ImageConv2d
from ibgan_plugin.ops.winograd import WinogradConv2d
from ibgan_plugin.utils.errors import IBGANError

#: Side of the smallest feature map, common to all four networks.
BOTTOM_SIZE = 8

#: Published initialisation for dSprites: N(0, 0.02) weights, zero biases; BatchNorm keeps weight 1, bias 0.
NORMAL_INIT = dict(type='Normal', layer=['Linear', 'Conv2d', 'ConvTranspose2d'], std=0.02)


def num_stages(image_size: int) -> int:
    """Number of stride-2 stages between ``image_size`` and the 8x8 bottom.

    Raises:
        IBGANError: If ``image_size`` is not a power of two of at least 16.
    """
    stages = log2(image_size / BOTTOM_SIZE) if image_size > 0 else 0
    if stages < 1 or stages != int(stages):
        raise IBGANError(f'image_size must be a power of two of at least {2 * BOTTOM_SIZE}, got {image_size}')
    return int(stages)


class WindowConv2d(nn.Conv2d):
    """A convolution whose kernel covers its whole input, computed as one matrix product.

    Same parameters, ``state_dict`` and result as ``nn.Conv2d(in, out, kernel_size)`` on an input of exactly ``kernel_size``;
    faster on a CPU: several times for large kernels, for which oneDNN has no good path, and by the cost of a call for one pixel.

    Shape: N x in x k x k -> N x out x 1 x 1.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply the kernel to the only window there is."""
        if input.shape[2:] != self.kernel_size:
            raise IBGANError(f'WindowConv2d needs an input of {self.kernel_size}, got {tuple(input.shape[2:])}')
        # NHWC order on both sides: free views when input and weight are channels-last.
        rows = input.permute(0, 2, 3, 1).flatten(1)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(rows, weight, self.bias)[:, :, None, None]


def conv_block(conv: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module, norm: bool = True) -> list[nn.Module]:
    """A (transposed) convolution with BatchNorm, if any, and an activation."""
    return [conv, nn.BatchNorm2d(conv.out_channels), activation] if norm else [conv, activation]


def leaky_relu(slope: float = 0.2) -> nn.Module:
    """The activation of the discriminator and the reconstructor."""
    return nn.LeakyReLU(slope, inplace=True)


def stem(in_channels: int, base_channels: int, image_size: int, norm: bool = True) -> tuple[nn.Sequential, int]:
    """4x4 stride-2 convolutions ``c, 2c, 4c, 4c, ...`` down to 8x8, the first without BatchNorm.

    Returns:
        The layers (N x in_channels x S x S -> N x width x 8 x 8) and ``width``.
    """
    layers: list[nn.Module] = []
    width = in_channels
    for i in range(num_stages(image_size)):
        channels, normed = base_channels * 2**min(i, 2), norm and i > 0
        conv = nn.Conv2d(width, channels, 4, stride=2, padding=1, bias=not normed) if i else ImageConv2d(width, channels)
        layers += conv_block(conv, leaky_relu(), normed)
        width = channels
    return nn.Sequential(*layers), width


def head(in_channels: int, conv_channels: tuple[int, ...], window_channels: int, pointwise_channels: tuple[int, ...],
         out_features: int, norm: bool = True, pointwise_slope: float = 0.2) -> nn.Sequential:
    """3x3 convolutions, one 8x8 valid convolution, 1x1 convolutions, and a 1x1 output: N x in x 8 x 8 -> N x out x 1 x 1.

    Convolutions followed by BatchNorm have no bias, except the 1x1 ones (as published).
    """
    layers: list[nn.Module] = []
    width = in_channels
    for channels in conv_channels:
        layers += conv_block(WinogradConv2d(width, channels, bias=not norm), leaky_relu(), norm)
        width = channels
    layers += conv_block(WindowConv2d(width, window_channels, BOTTOM_SIZE, bias=not norm), leaky_relu(), norm)
    width = window_channels
    for channels in pointwise_channels:
        layers += conv_block(WindowConv2d(width, channels, 1), leaky_relu(pointwise_slope), norm)
        width = channels
    layers.append(WindowConv2d(width, out_features, 1))
    return nn.Sequential(*layers)


class ImageNetwork(BaseModule):
    """A stem, unless a shared trunk replaces it, and a head: images (or trunk features) -> N x out_features.

    Args:
        out_features: Width of the output.
        in_channels: Channels of the image.
        base_channels: ``c``, the width of the first convolution (of the trunk's, with ``shared_trunk``).
        image_size: Side of the image, a power of two.
        conv_multipliers: Widths of the 3x3 convolutions at 8x8, in multiples of ``c``.
        pointwise_multipliers: Widths of the 1x1 convolutions behind the 8x8 one, in multiples of ``c``.
        shared_trunk: Whether the input is the feature map of a :class:`~ibgan_plugin.models.networks.trunk.Trunk`.
        norm: Whether to use BatchNorm.
        init_cfg: MMEngine initialisation.
    """

    def __init__(self, out_features: int, in_channels: int, base_channels: int, image_size: int,
                 conv_multipliers: tuple[int, ...], pointwise_multipliers: tuple[int, ...], shared_trunk: bool, norm: bool,
                 init_cfg: dict | list[dict] | None, pointwise_slope: float = 0.2) -> None:
        super().__init__(init_cfg)
        self.in_channels, self.image_size, self.shared_trunk = in_channels, image_size, shared_trunk
        stem_layers, width = stem(in_channels, base_channels, image_size, norm)
        self.stem = nn.Identity() if shared_trunk else stem_layers
        self.head = head(width, tuple(base_channels * m for m in conv_multipliers), 16 * base_channels,
                         tuple(base_channels * m for m in pointwise_multipliers), out_features, norm, pointwise_slope)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images N x in_channels x S x S, or trunk features N x width x 8 x 8, to N x out_features."""
        return self.head(self.stem(inputs)).flatten(1)
