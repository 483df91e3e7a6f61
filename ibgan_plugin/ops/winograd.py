"""3x3 convolutions of 8x8 feature maps by Winograd's algorithm, in a quarter of the multiplications.

Winograd's F(4x4, 3x3) (Lavin and Gray, 2016) computes 4x4 outputs from 6x6 inputs with 36 products instead of 144: both are taken
for values of polynomials at six points, where a convolution is a product. An 8x8 map is four such tiles; its transforms are small
matrix products, and between them stand 36 large ones of features and weights. All of it is ordinary differentiable algebra: the
gradients are fast as well, and have gradients. In float32 the result is within some 1.5e-6 of the exact one, relative to its
size, and a direct sum within 0.5e-6.
"""
import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ibgan_plugin.ops.fast_path import is_plain_conv, on_eager_cpu

#: Sides: of the maps, of a tile of the output, of a tile of the input (and number of points), of the kernel.
SIZE, OUT, IN, TAPS = 8, 4, 6, 3
#: Small fractions, where rounding errors stay small; the sixth point is infinity.
POINTS = (0, 1, -1, 1 / 2, -2)


class Transforms(NamedTuple):
    """Linear maps; of the points, k is that of the rows and l that of the columns."""
    to_points: Tensor  # (k t) x 8, along one side for its two tiles t; the padding is left out
    weights: Tensor  # (k l) x (3 3), both sides at once
    from_points: Tensor  # (4 4) x (k l), both sides at once, alike in all tiles


def _values(length: int) -> Tensor:
    """Polynomials with ``length`` coefficients to their values at the points: 6 x length."""
    powers = [[point**j for j in range(length)] for point in POINTS]
    return torch.tensor([*powers, [0] * (length - 1) + [1]], dtype=torch.float64)


@functools.cache
@torch.inference_mode(False)  # the first call may come in inference mode, the next from training
def _transforms(dtype: torch.dtype) -> Transforms:
    """The transforms in ``dtype``."""
    to_points = torch.linalg.inv(_values(IN)).T
    scale = to_points.abs().amax(1, keepdim=True)  # balances features and weights
    to_points, of_taps, from_points = to_points / scale, _values(TAPS) * scale, _values(OUT).T
    padded = torch.zeros(IN, 2, SIZE + 2, dtype=torch.float64)
    for tile in range(2):
        padded[:, tile, OUT * tile:OUT * tile + IN] = to_points
    maps = (padded[..., 1:-1].reshape(2 * IN, SIZE), torch.kron(of_taps, of_taps), torch.kron(from_points, from_points))
    return Transforms(*(m.to(dtype) for m in maps))


def winograd(inputs: Tensor, taps: Tensor) -> Tensor:
    """Cross-correlation with zero padding of 1.

    Args:
        inputs: N x in x 8 x 8.
        taps: Weights 3 x 3 x in x out.

    Returns:
        N x out x 8 x 8, channels-last.
    """
    num, width = inputs.shape[:2]
    out = taps.shape[3]
    to = _transforms(inputs.dtype)
    # t and s are the tiles of rows and columns, y and x the pixels.
    weights = (to.weights @ taps.reshape(TAPS**2, width * out)).view(IN**2, width, out)  # (k l) in out
    columns = inputs.permute(3, 2, 0, 1).reshape(SIZE, SIZE, num * width)  # x y (n in)
    columns = torch.bmm(to.to_points.expand(SIZE, -1, -1), columns)  # x (k t) (n in)
    rows = columns.view(SIZE, IN, 2 * num * width).transpose(0, 1)  # k x (t n in), a view that bmm reads as it is
    features = torch.bmm(to.to_points.expand(IN, -1, -1), rows).view(IN**2, 4 * num, width)  # (k l) (s t n) in
    products = torch.bmm(features, weights).view(IN**2, 4 * num * out)
    tiles = (to.from_points @ products).view(OUT, OUT, 2, 2, num, out)  # y and x in the tile, s, t, n, out
    return tiles.permute(4, 3, 0, 2, 1, 5).reshape(num, SIZE, SIZE, out).permute(0, 3, 1, 2)


def _pays(inputs: Tensor) -> bool:
    """Whether the algorithm fits and is faster."""
    return inputs.ndim == 4 and inputs.shape[2:] == (SIZE, SIZE) and on_eager_cpu(inputs)


def _is_winograd_conv(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether a convolution is 3x3 with padding 1 and no stride."""
    return is_plain_conv(layer) and (layer.kernel_size, layer.stride, layer.padding) == ((TAPS, TAPS), (1, 1), (1, 1))


class WinogradConv2d(nn.Conv2d):
    """A 3x3 convolution with padding 1: ``nn.Conv2d`` in all but speed, on a CPU and at 8x8.

    Shape: N x in x H x W -> N x out x H x W.
    """

    fits = staticmethod(_is_winograd_conv)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the convolution."""
        if not _pays(input):
            return super().forward(input)
        outputs = winograd(input, self.weight.permute(2, 3, 1, 0))
        return outputs if self.bias is None else outputs + self.bias[:, None, None]


class WinogradConvTranspose2d(nn.ConvTranspose2d):
    """A 3x3 stride-1 transposed convolution with padding 1: ``nn.ConvTranspose2d`` in all but speed, on a CPU and at 8x8.

    Shape: N x in x H x W -> N x out x H x W.
    """

    fits = staticmethod(_is_winograd_conv)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply the transposed convolution, which is the convolution with the weights turned around."""
        if output_size is not None or not _pays(input):
            return super().forward(input, output_size)
        outputs = winograd(input, self.weight.flip(2, 3).permute(2, 3, 0, 1))
        return outputs if self.bias is None else outputs + self.bias[:, None, None]
