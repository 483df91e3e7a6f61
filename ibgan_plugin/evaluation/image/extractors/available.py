"""The best features that a machine has."""
from pathlib import Path

from mmengine.logging import print_log

from ibgan_plugin.evaluation.image.extractors.base import ImageExtractor
from ibgan_plugin.evaluation.image.extractors.inception import InceptionV3Extractor
from ibgan_plugin.evaluation.image.extractors.thumbnails import ThumbnailExtractor
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
def available_extractor(path: str | Path) -> ImageExtractor:
    """InceptionV3 where its file ``path`` is there, thumbnails where it is not; the log says which.

    For scores that follow a training, or end one: they are called ``fd`` and ``kd`` whatever it is, since only InceptionV3's may be
    compared with published ones.
    """
    if Path(path).exists():
        return InceptionV3Extractor(path)
    print_log(f'Images are compared as thumbnails of 8x8 pixels, since there is no {path}: such scores follow a training, and can '
              'be compared with nothing that is published', 'current')
    return ThumbnailExtractor()
