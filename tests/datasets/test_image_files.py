import zipfile

import numpy as np
import pytest

from ibgan_plugin.datasets import ImageFiles
from ibgan_plugin.datasets.codec import ImageError, encode
from ibgan_plugin.registry import DATASETS

SIZES = [(30, 40), (50, 20), (64, 64)]
IMAGES = [np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]


@pytest.fixture(params=['photos', 'photos.zip'])
def place(request, tmp_path):
    path = tmp_path / request.param
    if request.param == 'photos':
        path.mkdir()
        for number, image in enumerate(IMAGES):
            (path / f'{number}.png').write_bytes(encode(image, 'png'))
    else:
        with zipfile.ZipFile(path, 'w') as archive:
            for number, image in enumerate(IMAGES):
                archive.writestr(f'{number}.png', encode(image, 'png'))
    return path


def test_images_of_any_size(place):
    data = ImageFiles(place)
    assert len(data) == 3 and data.metainfo == {'dataset': 'photos'}
    for sample, image in zip(data.__getitems__([0, 1, 2]), IMAGES, strict=True):
        np.testing.assert_array_equal(sample['inputs'], image.transpose(2, 0, 1))
    assert data[-1]['data_samples'] == {'sample_idx': 2}


def test_a_pipeline_makes_them_equal(place):
    data = DATASETS.build(dict(type='ibgan_plugin.ImageFiles', path=str(place), channels=1,
                               pipeline=[dict(type='ibgan_plugin.CropResize', size=16)]))
    batch = data.__getitems__([2, 0]).collated
    assert batch['inputs'].shape == (2, 1, 16, 16) and batch['inputs'].is_contiguous()
    assert batch['data_samples']['sample_idx'].tolist() == [2, 0]


def test_real_photographs(real_images):
    data = ImageFiles(real_images / 'celeba_half_4000.zip', pipeline=[dict(type='ibgan_plugin.CropResize', crop='74x74')])
    assert len(data) == 4000
    assert data.__getitems__(range(0, 4000, 400)).collated['inputs'].shape == (10, 3, 64, 64)


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match='channels must be 1 or 3, got 2'):
        ImageFiles(tmp_path, channels=2)
    with pytest.raises(ValueError, match='holds no image'):
        len(ImageFiles(tmp_path))
    (tmp_path / 'a.jpg').write_bytes(b'')
    with pytest.raises(ImageError, match=r'/a\.jpg: the file is empty'):
        ImageFiles(tmp_path)[0]
