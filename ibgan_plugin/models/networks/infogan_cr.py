"""The networks of InfoGAN-CR on dSprites beside its trunk, D and q, which are those of :mod:`spectral` with c = 32."""
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import NORMAL_INIT, check_input, check_widths, leaky_relu
from ibgan_plugin.models.networks.spectral import SpectralTrunk
from ibgan_plugin.models.networks.vae import bottom_size
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class InfoGANGenerator(BaseModule):
    """G of InfoGAN-CR: layers of 128 and 64x4x4, stride-2 transposed 4x4 convolutions 64, 32, 32 and the image's.

    ReLU behind the linear layers and LeakyReLU 0.2 behind the convolutions, a BatchNorm behind each of them; a sigmoid at last.

    Args:
        r_dim: Width of codes and noise together.
        out_channels: Channels of the image.
        image_size: Side of the image, a multiple of 16.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, out_channels=out_channels)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        bottom = bottom_size(image_size)
        features = 64 * bottom**2
        layers: list[nn.Module] = [
            nn.Linear(r_dim, 128), nn.ReLU(inplace=True), nn.BatchNorm1d(128),
            nn.Linear(128, features), nn.ReLU(inplace=True), nn.BatchNorm1d(features), nn.Unflatten(1, (64, bottom, bottom))]
        for width, channels in ((64, 64), (64, 32), (32, 32)):
            layers += [nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), leaky_relu(), nn.BatchNorm2d(channels)]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(32, out_channels, 4, stride=2, padding=1))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to images N x out_channels x S x S in [-1, 1]."""
        check_input(self, 'representations', r, self.r_dim)
        return 2 * self.net(r).sigmoid() - 1


@MODELS.register_module()
class ContrastiveNetwork(BaseModule):
    """H of InfoGAN-CR: says of two images which of their codes is the same, N x 2 in_channels x S x S -> logits N x num_codes.

    The layers of :class:`~ibgan_plugin.models.networks.spectral.SpectralTrunk` and a linear layer without spectral norm.

    Args:
        num_codes: Number of codes.
        in_channels: Channels of one image.
        base_channels: ``c`` of the trunk.
        num_features: Width of its linear layer.
        image_size: Side of the image, a power of two of at least 16.
        init_cfg: MMEngine initialisation; by default torch's own.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, num_codes: int = 5, in_channels: int = 1, base_channels: int = 32, num_features: int = 128,
                 image_size: int = 64, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, num_codes=num_codes, in_channels=in_channels, base_channels=base_channels, num_features=num_features)
        self.num_codes, self.in_channels, self.image_size = num_codes, in_channels, image_size
        self.trunk = SpectralTrunk(in_channels=2 * in_channels, base_channels=base_channels, num_features=num_features,
                                   image_size=image_size)
        self.head = nn.Linear(num_features, num_codes)

    def forward(self, pairs: Tensor) -> Tensor:
        """Both images of each pair, one behind the other in the channels, to logits."""
        check_input(self, 'pairs of images', pairs, 2 * self.in_channels, self.image_size, self.image_size)
        return self.head(self.trunk(pairs))
