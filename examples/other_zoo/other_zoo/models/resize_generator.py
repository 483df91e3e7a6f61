"""A generator that knows nothing of IB-GAN."""
from mmengine.model import BaseModule
from torch import Tensor, nn

from other_zoo.registry import MODELS


@MODELS.register_module()
class ResizeGenerator(BaseModule):
    """Nearest-neighbour resizing and 3x3 convolutions, from 8x8 pixels up.

    Args:
        r_dim: Width of the representation.
        channels: Of the feature maps.
        out_channels: Of the images.
        num_stages: How often the size doubles; 3 gives images of 64x64.
        init_cfg: MMEngine initialisation.
    """

    def __init__(self, r_dim: int, channels: int = 32, out_channels: int = 1, num_stages: int = 3,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, 8 * 2**num_stages
        layers: list[nn.Module] = [nn.Linear(r_dim, channels * 64), nn.Unflatten(1, (channels, 8, 8))]
        for _ in range(num_stages):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(channels, channels, 3, padding=1)]
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, out_channels, 3, padding=1), nn.Tanh())

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to images N x out_channels x S x S in [-1, 1]."""
        return self.layers(r)
