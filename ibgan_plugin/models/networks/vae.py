"""The networks of the VAE family, as in the large-scale study (Locatello et al., 2019) and in FactorVAE."""
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import MAX_SIZE, check_input, check_widths, leaky_relu
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError

#: Glorot's uniform initialisation, that of the study's layers.
GLOROT_INIT = dict(type='Xavier', layer=['Linear', 'Conv2d', 'ConvTranspose2d'], distribution='uniform')
#: Stride-2 stages of both image networks.
NUM_STAGES = 4


def bottom_size(image_size: int) -> int:
    """Side of the smallest feature map.

    Raises:
        IBGANError: If ``image_size`` is no multiple of 16 up to 4096.
    """
    if not 1 <= image_size <= MAX_SIZE or image_size % 2**NUM_STAGES:
        raise IBGANError(f'image_size must be a multiple of {2**NUM_STAGES} up to {MAX_SIZE}, got {image_size}')
    return image_size // 2**NUM_STAGES


@MODELS.register_module()
class ImageEncoder(BaseModule):
    """``q(r|x)``: stride-2 convolutions 4x4 c, 4x4 c, 2x2 2c, 2x2 2c, a hidden layer, ReLU; two linear heads.

    Args:
        r_dim: Width of the representation r.
        in_channels: Channels of the image.
        image_size: Side of the image, a multiple of 16.
        base_channels: ``c``, the width of the first two convolutions.
        hidden_dim: Width of the hidden layer.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, in_channels: int = 1, image_size: int = 64, base_channels: int = 32, hidden_dim: int = 256,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, in_channels=in_channels, base_channels=base_channels, hidden_dim=hidden_dim)
        self.r_dim, self.in_channels, self.image_size = r_dim, in_channels, image_size
        narrow, wide = base_channels, 2 * base_channels
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, narrow, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(narrow, narrow, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(narrow, wide, 2, stride=2), nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 2, stride=2), nn.ReLU(inplace=True),
            nn.Flatten(), nn.Linear(wide * bottom_size(image_size)**2, hidden_dim), nn.ReLU(inplace=True))
        self.mu, self.logvar = nn.Linear(hidden_dim, r_dim), nn.Linear(hidden_dim, r_dim)

    def forward(self, imgs: Tensor) -> tuple[Tensor, Tensor]:
        """Images N x in_channels x S x S to ``mu`` and ``logvar``, each N x r_dim."""
        check_input(self, 'images', imgs, self.in_channels, self.image_size, self.image_size)
        features = self.body(imgs)
        return self.mu(features), self.logvar(features)


@MODELS.register_module()
class ImageDecoder(BaseModule):
    """``p(x|r)``: a hidden layer and one of 2c x 4 x 4, stride-2 transposed 4x4 convolutions 2c, c, c and the image's, ReLU.

    Args:
        r_dim: Width of the representation r.
        out_channels: Channels of the image.
        image_size: Side of the image, a multiple of 16.
        base_channels: ``c``, the width of the last two feature maps.
        hidden_dim: Width of the hidden layer.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, image_size: int = 64, base_channels: int = 32, hidden_dim: int = 256,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, out_channels=out_channels, base_channels=base_channels, hidden_dim=hidden_dim)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        narrow, wide, bottom = base_channels, 2 * base_channels, bottom_size(image_size)
        self.body = nn.Sequential(
            nn.Linear(r_dim, hidden_dim), nn.ReLU(inplace=True),
            nn.Linear(hidden_dim, wide * bottom**2), nn.ReLU(inplace=True), nn.Unflatten(1, (wide, bottom, bottom)),
            nn.ConvTranspose2d(wide, wide, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(narrow, narrow, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(narrow, out_channels, 4, stride=2, padding=1))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to logits N x out_channels x S x S."""
        check_input(self, 'representations', r, self.r_dim)
        return self.body(r)


@MODELS.register_module()
class LatentCritic(BaseModule):
    """FactorVAE's critic of representations: six layers of 1000, LeakyReLU 0.2, two logits.

    Args:
        r_dim: Width of the representation r.
        hidden_dims: Widths of the hidden layers, at least one.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width is impossible, or there is no hidden layer.
    """

    def __init__(self, r_dim: int = 10, hidden_dims: tuple[int, ...] = (1000, ) * 6,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, r_dim=r_dim, **{f'hidden_dims[{i}]': width for i, width in enumerate(hidden_dims)})
        if not hidden_dims:
            raise IBGANError('LatentCritic.hidden_dims must have at least one width, got none')
        self.r_dim = r_dim
        layers: list[nn.Module] = []
        width = r_dim
        for hidden in hidden_dims:
            layers += [nn.Linear(width, hidden), leaky_relu()]
            width = hidden
        self.net = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to logits N x 2: of coming from q(r), and of being permuted."""
        check_input(self, 'representations', r, self.r_dim)
        return self.net(r)
