"""A generator whose codes of where are apart from its codes of what."""
import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import (
    SMALL_BOTTOM_SIZE,
    check_input,
    check_widths,
    perceptron,
    small_stage_channels,
    upsampling,
)
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError

#: Codes that say where: one draws rows, one columns.
_NUM_LAYOUT = 2


def cosines(r: Tensor, num: int) -> Tensor:
    """``sqrt(2) cos(k pi u)`` of ``u = Phi(r)``, uniform where r is N(0, 1), for k = 1 to num: N x C -> N x num C.

    The first functions of an orthonormal basis, of each code alone (as Fourier features of coordinates, Tancik et al., 2020).

    >>> cosines(torch.zeros(1, 1), num=2).round(decimals=2).abs()
    tensor([[0.0000, 1.4100]])
    """
    uniform = 0.5 * (1 + torch.erf(r * 0.5**0.5))
    return math.sqrt(2) * torch.cat([torch.cos(k * math.pi * uniform) for k in range(1, num + 1)], dim=1)


class StyledStage(nn.Module):
    """A convolution, and a BatchNorm and ReLU between which gains and shifts of the channels come in (FiLM, Perez et al., 2018).

    Args:
        conv: The (transposed) convolution.
    """

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.conv, self.norm = conv, nn.BatchNorm2d(conv.out_channels)
        self.num_styles = 2 * conv.out_channels

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """``features`` N x C x S x S and ``style`` N x num_styles, what gains have above 1 and then shifts."""
        gain, shift = style[:, :, None, None].chunk(2, dim=1)
        return (self.norm(self.conv(features)) * (1 + gain) + shift).relu()


@MODELS.register_module()
class LayoutGenerator(BaseModule):
    """G(r) in which two codes say where and all others say what: N x r_dim -> N x out_channels x S x S in [-1, 1].

    The first code draws the rows of a 4x4 map and the second its columns. Their sum goes through a 3x3 convolution, and transposed
    4x4 stride-2 convolutions bring it to the image. The other codes scale and shift channels, the same at every place (as styles
    in StyleGAN, Karras et al., 2019). So position, which of all factors says most of an image, has room in two codes only, and
    along the image's axes: **that is built in, not learned**. What is learned is the rest: that something moves with these two, and
    what else there is, in which code. Made for images of one object.

    Args:
        r_dim: Width of the representation r, at least 3.
        out_channels: Channels of the image.
        base_channels: ``c``, the width of the last two feature maps; those before have 2c.
        hidden_dim: Width of the hidden layer between codes and rows, columns and styles.
        num_cosines: Functions of each of the first two codes that the map is drawn from: see :func:`cosines`.
        image_size: Side of the image, a power of two of at least 16.
        init_cfg: MMEngine initialisation; by default torch's own.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, base_channels: int = 16, hidden_dim: int = 64, num_cosines: int = 4,
                 image_size: int = 64, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, out_channels=out_channels, base_channels=base_channels, hidden_dim=hidden_dim,
                     num_cosines=num_cosines)
        if r_dim <= _NUM_LAYOUT:
            raise IBGANError(f'LayoutGenerator.r_dim must be at least 3, rows, columns and one more, got {r_dim}')
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        self.num_cosines, self.bottom_channels = num_cosines, 2 * base_channels
        width = self.bottom_channels
        self.rows, self.columns = (perceptron(num_cosines, hidden_dim, width * SMALL_BOTTOM_SIZE) for _ in range(2))
        self.layout = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        stages = [StyledStage(nn.Conv2d(width, width, 3, padding=1, bias=False))]
        for channels in small_stage_channels(base_channels, image_size)[-2::-1]:
            stages.append(StyledStage(nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1, bias=False)))
            width = channels
        self.stages = nn.ModuleList(stages)
        self.style = perceptron(r_dim - _NUM_LAYOUT, hidden_dim, sum(stage.num_styles for stage in stages))
        self.to_image = nn.Sequential(*upsampling(width, (), out_channels))

    def forward(self, r: Tensor) -> Tensor:
        """Representations to images."""
        check_input(self, 'representations', r, self.r_dim)
        where, what = r.split([_NUM_LAYOUT, self.r_dim - _NUM_LAYOUT], dim=1)
        rows = self.rows(cosines(where[:, :1], self.num_cosines)).unflatten(1, (self.bottom_channels, SMALL_BOTTOM_SIZE, 1))
        columns = self.columns(cosines(where[:, 1:], self.num_cosines)).unflatten(1, (self.bottom_channels, 1, SMALL_BOTTOM_SIZE))
        features = self.layout(rows + columns)  # N x 2c x 4 x 4
        styles = self.style(what).split([stage.num_styles for stage in self.stages], dim=1)
        for stage, style in zip(self.stages, styles, strict=True):
            features = stage(features, style)
        return self.to_image(features)
