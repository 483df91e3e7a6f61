import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import ThumbnailExtractor
from tests.evaluation.stand_ins import pictures


@pytest.mark.parametrize('channels', [1, 3])
def test_means_of_cells(channels):
    imgs = pictures(4, channels=channels)
    features = ThumbnailExtractor(side=2)(imgs).features
    expected = imgs.float().reshape(4, channels, 2, 8, 2, 8).mean((3, 5)).flatten(1) / 255
    torch.testing.assert_close(features, expected)
    assert ThumbnailExtractor().fingerprint == {'type': 'ThumbnailExtractor', 'side': 8}


def test_bad_side():
    with pytest.raises(ValueError, match='side must be an integer >= 1, got 0'):
        ThumbnailExtractor(0)
