"""Convolutions shared by the discriminator and the reconstructor."""
from mmengine.model import BaseModule
from torch import Tensor

from ibgan_plugin.models.networks.layers import NORMAL_INIT, check_input, check_widths, stem, stem_channels
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class Trunk(BaseModule):
    """The stride-2 convolutions that D and q share for CelebA and 3D Chairs: N x in_channels x S x S -> N x 4c x 8 x 8.

    Args:
        in_channels: Channels of the image.
        base_channels: ``c``, also the ``base_channels`` of both heads.
        image_size: Side of the image, a power of two.
        norm: Whether to use BatchNorm (never on the first layer).
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, in_channels: int = 3, base_channels: int = 64, image_size: int = 64, norm: bool = True,
                 init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, in_channels=in_channels, base_channels=base_channels)
        self.in_channels, self.image_size = in_channels, image_size
        self.out_channels = stem_channels(base_channels, image_size)[-1]
        self.layers = stem(in_channels, base_channels, image_size, norm)

    def forward(self, imgs: Tensor) -> Tensor:
        """Images to features."""
        check_input(self, 'images', imgs, self.in_channels, self.image_size, self.image_size)
        return self.layers(imgs)
