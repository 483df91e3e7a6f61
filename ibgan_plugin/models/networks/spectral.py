"""Small networks for short trainings: a spectrally normalised trunk with heads for D and q, and a generator of their size.

The layout is that of InfoGAN-CR's networks on dSprites (Lin et al., ICML 2020) at half their widths: a trunk of 4x4 stride-2
convolutions and one linear layer, which D and q share, with spectral norm (Miyato et al., 2018) on every layer and no BatchNorm.
With ``trunk_owner='both'`` one optimiser trains trunk, D and q.
"""
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ibgan_plugin.models.networks.layers import (
    SMALL_BOTTOM_SIZE,
    check_input,
    check_widths,
    leaky_relu,
    projection,
    small_stage_channels,
    upsampling,
)
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class SpectralTrunk(BaseModule):
    """What D and q share: stride-2 convolutions to 4x4 and a linear layer, N x in_channels x S x S -> N x num_features.

    With the defaults: 4x4 stride-2 convolutions 16, 16, 32, 32, a linear layer of 128, LeakyReLU 0.2 behind each. Spectral norm
    with one power iteration a forward pass on every layer.

    Args:
        in_channels: Channels of the image.
        base_channels: ``c``, the width of the first two convolutions; the others have 2c.
        num_features: Width of the linear layer, also ``num_features`` of both heads.
        image_size: Side of the image, a power of two of at least 16.
        init_cfg: MMEngine initialisation; by default torch's own, since spectral norm takes out the scale of the weights.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, in_channels: int = 1, base_channels: int = 16, num_features: int = 128, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, in_channels=in_channels, base_channels=base_channels, num_features=num_features)
        self.in_channels, self.image_size, self.num_features = in_channels, image_size, num_features
        layers: list[nn.Module] = []
        width = in_channels
        for channels in small_stage_channels(base_channels, image_size):
            layers += [spectral_norm(nn.Conv2d(width, channels, 4, stride=2, padding=1)), leaky_relu()]
            width = channels
        layers += [nn.Flatten(), spectral_norm(nn.Linear(width * SMALL_BOTTOM_SIZE**2, num_features)), leaky_relu()]
        self.layers = nn.Sequential(*layers)

    def forward(self, imgs: Tensor) -> Tensor:
        """Images to features."""
        check_input(self, 'images', imgs, self.in_channels, self.image_size, self.image_size)
        return self.layers(imgs)


@MODELS.register_module()
class SpectralDiscriminator(BaseModule):
    """D on a :class:`SpectralTrunk`: one linear layer with spectral norm, N x num_features -> N x 1 (a logit).

    Args:
        num_features: Width of the trunk's features.
        init_cfg: MMEngine initialisation; by default torch's own.

    Raises:
        IBGANError: If the width is impossible.
    """
    shared_trunk = True

    def __init__(self, num_features: int = 128, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, num_features=num_features)
        self.num_features = num_features
        self.head = spectral_norm(nn.Linear(num_features, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Features to a logit."""
        check_input(self, 'trunk features', features, self.num_features)
        return self.head(features)


@MODELS.register_module()
class SpectralReconstructor(BaseModule):
    """Mean of ``q(z given x)`` on a :class:`SpectralTrunk`: two linear layers with spectral norm, N x num_features -> N x z_dim.

    Args:
        z_dim: Width of the source code z.
        num_features: Width of the trunk's features.
        hidden_dim: Width of the layer between, with LeakyReLU 0.2.
        init_cfg: MMEngine initialisation; by default torch's own.

    Raises:
        IBGANError: If a width is impossible.
    """
    shared_trunk = True

    def __init__(self, z_dim: int = 16, num_features: int = 128, hidden_dim: int = 128,
                 init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, z_dim=z_dim, num_features=num_features, hidden_dim=hidden_dim)
        self.z_dim, self.num_features = z_dim, num_features
        self.head = nn.Sequential(spectral_norm(nn.Linear(num_features, hidden_dim)), leaky_relu(),
                                  spectral_norm(nn.Linear(hidden_dim, z_dim)))

    def forward(self, features: Tensor) -> Tensor:
        """Features to the mean of z."""
        check_input(self, 'trunk features', features, self.num_features)
        return self.head(features)


@MODELS.register_module()
class SmallGenerator(BaseModule):
    """G(r) of the trunk's size: two linear layers to 4x4, transposed 4x4 stride-2 convolutions, tanh; N x r_dim -> images.

    With the defaults: linear 128, linear 4*4*32, transposed convolutions 32, 16, 16 and 1 channels, with BatchNorm and ReLU
    between. Without BatchNorm in the convolutions the signal is too small on its way out, and D wins before G draws anything.

    Args:
        r_dim: Width of the representation r.
        out_channels: Channels of the image.
        base_channels: ``c``, the width of the last two feature maps; those before have 2c.
        hidden_dim: Width of the first linear layer.
        image_size: Side of the image, a power of two of at least 16.
        init_cfg: MMEngine initialisation; by default torch's own.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, base_channels: int = 16, hidden_dim: int = 128, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, out_channels=out_channels, base_channels=base_channels, hidden_dim=hidden_dim)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        widths = small_stage_channels(base_channels, image_size)[::-1]
        self.bottom_channels = widths[0]
        self.project = projection(r_dim, hidden_dim, widths[0] * SMALL_BOTTOM_SIZE**2)
        self.decode = nn.Sequential(*upsampling(widths[0], widths[1:], out_channels))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to images N x out_channels x S x S in [-1, 1]."""
        check_input(self, 'representations', r, self.r_dim)
        return self.decode(self.project(r).unflatten(1, (self.bottom_channels, SMALL_BOTTOM_SIZE, SMALL_BOTTOM_SIZE)))
