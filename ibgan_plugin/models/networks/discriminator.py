"""The discriminator D(x)."""
from ibgan_plugin.models.networks.layers import NORMAL_INIT, ImageNetwork
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class Discriminator(ImageNetwork):
    """Logit that an image is real: N x in_channels x S x S -> N x 1.

    Published for dSprites (the defaults): 4x4 stride-2 convolutions c, 2c, 4c; 3x3 at 8c; 8x8 valid at 16c; 1x1 to the logit;
    LeakyReLU 0.2, BatchNorm on all but the first and the last. With a shared trunk (CelebA, 3D Chairs) the 3x3 is at 4c.

    Args:
        in_channels, base_channels, image_size, conv_multipliers, shared_trunk, norm, init_cfg: See
            :class:`~ibgan_plugin.models.networks.layers.ImageNetwork`.
    """

    def __init__(self, in_channels: int = 1, base_channels: int = 16, image_size: int = 64,
                 conv_multipliers: tuple[int, ...] = (8, ), shared_trunk: bool = False, norm: bool = True,
                 init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(
            out_features=1, in_channels=in_channels, base_channels=base_channels, image_size=image_size,
            conv_multipliers=conv_multipliers, pointwise_multipliers=(), shared_trunk=shared_trunk, norm=norm, init_cfg=init_cfg)
