"""Features that need no network: what an image looks like from afar."""
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ibgan_plugin.evaluation.checks import check_sizes
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class ThumbnailExtractor(ImageExtractor):
    """The pixels of an image made small, in 0..1: for want of a network, and comparable with nothing but itself.

    Args:
        side: Pixels of the thumbnail's side, by averaging; features are [N, C * side * side].

    Raises:
        IBGANError: If ``side`` is below 1.
    """

    def __init__(self, side: int = 8) -> None:
        super().__init__(channels=None)
        check_sizes(side=side)
        self.side = side

    def extract(self, imgs: Tensor) -> Extracted:
        """Averages over a grid of cells."""
        return Extracted(F.adaptive_avg_pool2d(imgs, self.side).flatten(1) / 255)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The size."""
        return {'type': type(self).__name__, 'side': self.side}
