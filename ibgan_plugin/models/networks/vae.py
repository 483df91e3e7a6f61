"""The networks of the VAE family, as in the large-scale study (Locatello et al., 2019) and in FactorVAE."""
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import leaky_relu
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError

#: Glorot's uniform initialisation, that of the study's layers.
GLOROT_INIT = dict(type='Xavier', layer=['Linear', 'Conv2d', 'ConvTranspose2d'], distribution='uniform')
#: Stride-2 stages of both image networks.
NUM_STAGES = 4


def bottom_size(image_size: int) -> int:
    """Side of the smallest feature map.

    Raises:
        IBGANError: If ``image_size`` is no multiple of 16.
    """
    if image_size < 1 or image_size % 2**NUM_STAGES:
        raise IBGANError(f'image_size must be a multiple of {2**NUM_STAGES}, got {image_size}')
    return image_size // 2**NUM_STAGES


@MODELS.register_module()
class ImageEncoder(BaseModule):
    """``q(r|x)``: stride-2 convolutions 4x4 32, 4x4 32, 2x2 64, 2x2 64, a layer of 256, ReLU; two linear heads.

    Args:
        r_dim: Width of the representation r.
        in_channels: Channels of the image.
        image_size: Side of the image, a multiple of 16.
        init_cfg: MMEngine initialisation.
    """

    def __init__(self, r_dim: int = 10, in_channels: int = 1, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        self.r_dim, self.in_channels, self.image_size = r_dim, in_channels, image_size
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, 32, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 2, stride=2), nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 2, stride=2), nn.ReLU(inplace=True),
            nn.Flatten(), nn.Linear(64 * bottom_size(image_size)**2, 256), nn.ReLU(inplace=True))
        self.mu, self.logvar = nn.Linear(256, r_dim), nn.Linear(256, r_dim)

    def forward(self, imgs: Tensor) -> tuple[Tensor, Tensor]:
        """Images N x in_channels x S x S to ``mu`` and ``logvar``, each N x r_dim."""
        features = self.body(imgs)
        return self.mu(features), self.logvar(features)


@MODELS.register_module()
class ImageDecoder(BaseModule):
    """``p(x|r)``: layers of 256 and 64x4x4, stride-2 transposed 4x4 convolutions 64, 32, 32 and the image's, ReLU.

    Args:
        r_dim: Width of the representation r.
        out_channels: Channels of the image.
        image_size: Side of the image, a multiple of 16.
        init_cfg: MMEngine initialisation.
    """

    def __init__(self, r_dim: int = 10, out_channels: int = 1, image_size: int = 64,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        self.r_dim, self.out_channels, self.image_size = r_dim, out_channels, image_size
        bottom = bottom_size(image_size)
        self.body = nn.Sequential(
            nn.Linear(r_dim, 256), nn.ReLU(inplace=True),
            nn.Linear(256, 64 * bottom**2), nn.ReLU(inplace=True), nn.Unflatten(1, (64, bottom, bottom)),
            nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, 32, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, out_channels, 4, stride=2, padding=1))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to logits N x out_channels x S x S."""
        return self.body(r)


@MODELS.register_module()
class LatentCritic(BaseModule):
    """FactorVAE's critic of representations: six layers of 1000, LeakyReLU 0.2, two logits.

    Args:
        r_dim: Width of the representation r.
        hidden_dims: Widths of the hidden layers, at least one.
        init_cfg: MMEngine initialisation.
    """

    def __init__(self, r_dim: int = 10, hidden_dims: tuple[int, ...] = (1000, ) * 6,
                 init_cfg: dict | list[dict] | None = GLOROT_INIT) -> None:
        super().__init__(init_cfg)
        if not hidden_dims or min(r_dim, *hidden_dims) < 1:
            raise IBGANError(f'r_dim and hidden_dims must be at least 1, got {r_dim}, {tuple(hidden_dims)}')
        self.r_dim = r_dim
        layers: list[nn.Module] = []
        width = r_dim
        for hidden in hidden_dims:
            layers += [nn.Linear(width, hidden), leaky_relu()]
            width = hidden
        self.net = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, r: Tensor) -> Tensor:
        """``r`` N x r_dim to logits N x 2: of coming from q(r), and of being permuted."""
        return self.net(r)
