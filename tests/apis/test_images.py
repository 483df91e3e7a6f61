import numpy as np
import pytest

from ibgan_plugin.apis.images import load_image
from ibgan_plugin.datasets.dsprites import render


@pytest.mark.parametrize('pixels', [np.eye(64, dtype=np.uint8), render([[0, 0, 0, 0, 0]])[0] & 1, np.ones((64, 64, 1), np.uint8)])
def test_images_of_0_and_1_are_refused(pixels):
    with pytest.raises(ValueError, match=r'pixels must be in 0\.\.255, but the largest of the image is 1: multiply .* by 255'):
        load_image(pixels, channels=1, size=64)


@pytest.mark.parametrize('pixels', [np.zeros((64, 64), np.uint8), render([[2, 5, 0, 16, 16]])[0], np.full((64, 64), 2, np.uint8)])
def test_images_of_0_to_255_are_taken(pixels):
    np.testing.assert_array_equal(load_image(pixels, channels=1, size=64)[0], pixels)
