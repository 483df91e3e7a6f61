"""The generator G(r)."""
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import (
    BOTTOM_SIZE,
    NORMAL_INIT,
    PIXEL_MULTIPLIER,
    check_input,
    check_widths,
    conv_block,
    projection,
    stem_channels,
    upsampling,
)
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class Generator(BaseModule):
    """Decoder from the representation to an image: two linear layers, two 3x3 and then 4x4 stride-2 transposed convolutions.

    With the published defaults (64x64): r -> 16c -> 8x8x4c -> two 3x3 at 4c -> 4c -> 2c -> c -> channels, Tanh.

    Args:
        r_dim: Width of the representation r.
        out_channels: Channels of the image.
        base_channels: ``c``. Published: 16 for dSprites, 64 for CelebA, 32 for 3D Chairs.
        image_size: Side of the image, a power of two of at least 16. Larger images get more stages at 4c.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, base_channels: int = 16, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, out_channels=out_channels, base_channels=base_channels)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        self.bottom_channels = width = 4 * base_channels
        self.project = projection(r_dim, PIXEL_MULTIPLIER * base_channels, width * BOTTOM_SIZE**2)
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += conv_block(nn.ConvTranspose2d(width, width, 3, padding=1, bias=False), nn.ReLU(inplace=True))
        way_up = stem_channels(base_channels, image_size)[-2::-1]
        self.decode = nn.Sequential(*layers, *upsampling(width, way_up, out_channels))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to images N x out_channels x S x S in [-1, 1]."""
        check_input(self, 'representations', r, self.r_dim)
        return self.decode(self.project(r).unflatten(1, (self.bottom_channels, BOTTOM_SIZE, BOTTOM_SIZE)))
