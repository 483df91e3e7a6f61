import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import Extracted, ImageExtractor
from ibgan_plugin.evaluation.image.extractors.base import Normalize


class Pixels(ImageExtractor):
    """The prepared pixels themselves."""

    fingerprint = {}

    def extract(self, imgs):
        return Extracted(imgs)


def test_grey_becomes_three_equal_channels():
    imgs = torch.randint(0, 256, (2, 1, 4, 4), dtype=torch.uint8)
    features, logits = Pixels()(imgs)
    assert logits is None and features.dtype == torch.float32
    assert torch.equal(features.reshape(2, 3, 4, 4), imgs.float().expand(2, 3, 4, 4))


def test_channels_of_any_network():
    imgs = torch.zeros(2, 5, 4, 4, dtype=torch.uint8)
    assert Pixels(channels=None)(imgs).features.shape == (2, 80)
    with pytest.raises(ValueError, match='Pixels takes images with 1 channels, got 5'):
        Pixels(channels=1)(imgs)


def test_resizing_averages():
    stripes = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    stripes[..., ::2] = 200  # the finest pattern there is: sampling without averaging would give 0 or 200
    small = Pixels(image_size=2)(stripes).features
    assert small.shape == (1, 12)
    torch.testing.assert_close(small, torch.full((1, 12), 100.0), atol=15, rtol=0)
    same = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(Pixels(image_size=8)(same).features, same.float().flatten(1))


@pytest.mark.parametrize('imgs', [torch.zeros(2, 3, 4, 4), torch.zeros(3, 4, 4, dtype=torch.uint8)])
def test_wrong_images(imgs):
    with pytest.raises(ValueError, match=r'images must be uint8 of shape \[N, C, H, W\], got'):
        Pixels()(imgs)


def test_wrong_output():
    class Mean(Pixels):
        def extract(self, imgs):
            return Extracted(imgs.mean(0, keepdim=True), imgs[0])

    with pytest.raises(ValueError, match=r'Mean: features must be one row for each of the 2 images, got shape \[1, 48\]'):
        Mean()(torch.zeros(2, 3, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'channels': 4}, 'channels must be 1, 3 or None, got 4'),
    ({'image_size': 0}, 'image_size must be at least 1 pixel or None, got 0'),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pixels(**arguments)


def test_normalize():
    imgs = torch.full((1, 3, 2, 2), 10.0)
    assert torch.equal(Normalize((0, 5, 10), (1, 5, 2))(imgs)[0, :, 0, 0], torch.tensor([10.0, 1.0, 0.0]))
    for mean, std in ((0, 0), ((0, 1), (1, 1)), (0, (1, 1, 1))):
        with pytest.raises(ValueError, match='mean and std must be one number or three each, std positive, got'):
            Normalize(mean, std)
