"""The best features that a machine has."""
import logging
from pathlib import Path

from mmengine.logging import print_log

from ibgan_plugin.evaluation.image.extractors.base import ImageExtractor
from ibgan_plugin.evaluation.image.extractors.inception import InceptionV3Extractor
from ibgan_plugin.evaluation.image.extractors.thumbnails import ThumbnailExtractor
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
def available_extractor(path: str | Path) -> ImageExtractor:
    """InceptionV3 where its file ``path`` is there and can be used, thumbnails where not; the log says which and why.

    For scores that follow a training, or end one: they are called ``fd`` and ``kd`` whatever it is, since only InceptionV3's may be
    compared with published ones.
    """
    reason, level = f'there is no {path}', logging.INFO
    if Path(path).exists():
        try:
            return InceptionV3Extractor(path)
        except IBGANError as error:  # a training ends with scores, whatever has happened to a file
            reason, level = str(error), logging.WARNING
    print_log(f'Images are compared as thumbnails of 8x8 pixels, since {reason}: such scores follow a training, and can '
              'be compared with nothing that is published', 'current', level)
    return ThumbnailExtractor()
