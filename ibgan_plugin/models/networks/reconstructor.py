"""The reconstructor q(z given x)."""
from ibgan_plugin.models.networks.layers import LEAKY_SLOPE, NORMAL_INIT, PIXEL_MULTIPLIER, ImageNetwork, check_widths
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class Reconstructor(ImageNetwork):
    """Mean of the unit-variance Gaussian ``q(z given x)``: N x in_channels x S x S -> N x z_dim of IB-GAN.

    Published for dSprites (the defaults): the discriminator's layers with one more 1x1 convolution at 16c. With a shared
    trunk (CelebA, 3D Chairs): two 3x3 at 4c, 8x8 at 16c, 1x1 to z.

    Args:
        z_dim: Width of the source code z.
        in_channels, base_channels, image_size, conv_multipliers, pointwise_multipliers, shared_trunk, norm, pointwise_slope,
            init_cfg: See :class:`~ibgan_plugin.models.networks.layers.ImageNetwork`.
    """

    def __init__(self, z_dim: int = 16, in_channels: int = 1, base_channels: int = 16, image_size: int = 64,
                 conv_multipliers: tuple[int, ...] = (8, ), pointwise_multipliers: tuple[int, ...] = (PIXEL_MULTIPLIER, ),
                 shared_trunk: bool = False, norm: bool = True, pointwise_slope: float = LEAKY_SLOPE,
                 init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        check_widths(self, z_dim=z_dim)
        super().__init__(
            out_features=z_dim, in_channels=in_channels, base_channels=base_channels, image_size=image_size,
            conv_multipliers=conv_multipliers, pointwise_multipliers=pointwise_multipliers, shared_trunk=shared_trunk, norm=norm,
            pointwise_slope=pointwise_slope, init_cfg=init_cfg)
        self.z_dim = z_dim
