import re

import numpy as np
import pytest

from ibgan_plugin.datasets.transforms import PRESETS, Crop, CropResize, resize
from ibgan_plugin.registry import TRANSFORMS


@pytest.fixture
def face():
    """An image of CelebA's size whose pixels are their own places: row, column, 0."""
    rows, columns = np.mgrid[:218, :178]
    return np.stack([rows, columns, 0 * rows], axis=2).astype(np.uint8)


@pytest.mark.parametrize(('crop', 'top', 'left', 'height', 'width'), [
    ('celeba_148', 35, 15, 148, 148), ('celeba_128', 50, 25, 128, 128), ('celeba_64', 77, 57, 64, 64),
    ('square', 20, 0, 178, 178), ('10x20', 99, 84, 20, 10), ('10x20+3+4', 4, 3, 20, 10),
])
def test_crops(face, crop, top, left, height, width):
    part = Crop.parse(crop)(face)
    assert part.shape == (height, width, 3)
    np.testing.assert_array_equal(part[0, 0], [top, left, 0])
    np.testing.assert_array_equal(part[-1, -1], [top + height - 1, left + width - 1, 0])


@pytest.mark.parametrize('crop', ['celeba', '148', '0x5', '5x5+1', ''])
def test_unknown_crops(crop):
    with pytest.raises(ValueError, match=rf"crop must be 'none', .* or one of \['celeba_128', .*, got '{re.escape(crop)}'"):
        CropResize(64, crop)


def test_too_small_an_image(face):
    with pytest.raises(ValueError, match=r'a crop of 148x148 pixels at column -30, row -20 does not fit an image of 89x109'):
        Crop.parse('celeba_148')(face[:109, :89])
    with pytest.raises(ValueError, match=r'a crop of 10x10 pixels at column 170, row 0 does not fit an image of 178x218'):
        Crop.parse('10x10+170+0')(face)


def test_shrinking_averages_instead_of_aliasing():
    stripes = np.zeros((128, 128, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_array_equal(resize(stripes, 64, 64), 100)
    fine = np.random.default_rng(0).integers(0, 256, (300, 300, 1), dtype=np.uint8)
    assert resize(fine, 60, 60).std() < 1.2 * fine.std() / 5, 'noise falls with the square root of the area'


def test_growing_is_smooth_and_equal_size_is_untouched():
    ramp = np.repeat(np.arange(0, 160, 10, dtype=np.uint8)[None, :, None], 16, axis=0)
    grown = resize(ramp, 64, 64)
    assert grown.shape == (64, 64, 1) and (np.diff(grown[0, 4:-4, 0].astype(int)) <= 4).all()
    assert resize(ramp, 16, 16) is ramp


def test_transform_in_a_pipeline(face):
    transform = TRANSFORMS.build(dict(type='ibgan_plugin.CropResize', size=32, crop='celeba_148'))
    results = transform(dict(img=face, sample_idx=3))
    assert results['img'].shape == (32, 32, 3) and results['img_shape'] == (32, 32) and results['sample_idx'] == 3
    assert repr(transform) == "CropResize(size=32, crop='celeba_148')"
    assert CropResize(64, 'none').apply(face[:, :, :1]).shape == (64, 64, 1)
    assert all(CropResize(64, name).apply(face).shape == (64, 64, 3) for name in PRESETS)
    with pytest.raises(ValueError, match='size must be at least 1 pixel, got 0'):
        CropResize(0)
