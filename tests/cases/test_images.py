"""Reports of first days: images (cases 01 and 02)."""
import io

import numpy as np
import pytest
from PIL import Image

from ibgan_plugin.datasets.codec import ImageError, decode


def jpeg(pixels, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, 'JPEG', quality=95, subsampling=0, **options)
    return stream.getvalue()


@pytest.mark.parametrize(('orientation', 'shape', 'red'), [
    (1, (64, 96), np.s_[:24]), (3, (64, 96), np.s_[40:]), (6, (96, 64), np.s_[:, 40:]), (8, (96, 64), np.s_[:, :24])])
def test_01_a_photo_is_turned_as_viewers_turn_it(orientation, shape, red):
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:32, :, 0] = 220  # as stored: the upper half is red
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(jpeg(pixels, exif=exif), 3, 'phone.jpg')
    assert image.shape == (*shape, 3)
    assert image[..., 0][red].mean() > 200
    assert image[..., 0].mean() < 120


@pytest.mark.parametrize('seed', range(5))
def test_02_a_motion_photo_is_whole(seed):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    photo = jpeg(pixels)
    video = np.random.default_rng(seed).bytes(200_000)  # compressed video looks random
    assert np.array_equal(decode(photo + video, 3, 'motion.jpg'), decode(photo, 3, 'photo.jpg'))


@pytest.mark.parametrize('share', [0.5, 0.7, 0.9])
def test_02_and_one_that_is_cut_off_is_refused(share):
    photo = jpeg(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    with pytest.raises(ImageError, match=r'cut\.jpg'):
        decode(photo[:int(len(photo) * share)], 3, 'cut.jpg')
