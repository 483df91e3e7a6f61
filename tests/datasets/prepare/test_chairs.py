import dataclasses
import tarfile

import numpy as np
import pytest

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.prepare import chairs
from ibgan_plugin.datasets.store.writer import build

SMALL = dataclasses.replace(chairs.RECIPE, expected=None)
VIEWS = [(20, 11), (20, 23), (20, 35), (30, 11), (30, 23), (30, 35)]


def write_chairs(root, images):
    """Renders as their owners ship them: two models, six views each."""
    for number, image in enumerate(images):
        elevation, azimuth = VIEWS[number % 6]
        place = root / f'{"ba"[number // 6]}7f2' / 'renders'
        place.mkdir(parents=True, exist_ok=True)
        (place / f'image_{number % 6:03d}_p{elevation:03d}_t{azimuth:03d}_r096.png').write_bytes(encode(image, 'png'))


@pytest.fixture
def root(tmp_path):
    images = np.full((12, 150, 150, 3), 255, dtype=np.uint8)
    for number in range(12):
        images[number, 30:120, 40:110] = 20 * number
    write_chairs(tmp_path / 'rendered_chairs', images)
    return tmp_path


def test_chairs_are_grey_on_white_in_the_order_of_their_factors(root):
    _, job = chairs.job(root, SMALL, partial=True)
    build(root / 'chairs.lmdb', job)
    data = LMDBImages(root / 'chairs.lmdb', annotations=('factors',))
    assert data.grid.names == ('model', 'elevation', 'azimuth') and data.grid.sizes == (2, 2, 3)
    assert data.metainfo['elevations'] == (20, 30) and data.metainfo['azimuths'] == (11, 23, 35)
    batch = data.__getitems__(range(12)).collated
    assert batch['inputs'].shape == (12, 1, 64, 64)
    assert (batch['inputs'][:, :, [0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    # Model a7f2 comes first, though its files were written last.
    assert batch['inputs'][:, 0, 32, 32].tolist() == [20 * number for number in (*range(6, 12), *range(6))]
    np.testing.assert_array_equal(batch['data_samples']['factors'], data.grid.to_factors(np.arange(12)))
    assert data.render(np.array([[1, 1, 2]]))[0, 0, 32, 32] == 20 * 5


def test_the_tar_file_gives_the_same(root):
    with tarfile.open(root / 'rendered_chairs.tar', 'w') as archive:
        archive.add(root / 'rendered_chairs', 'rendered_chairs')
    for name, place in [('folder', root / 'rendered_chairs'), ('tar', root / 'rendered_chairs.tar')]:
        build(root / f'{name}.lmdb', chairs.job(place, SMALL, partial=True)[1])
    one, other = (LMDBImages(root / f'{name}.lmdb').__getitems__(range(12)).collated['inputs'] for name in ('folder', 'tar'))
    assert (one == other).all()


def test_without_some_views_there_is_no_grid(root):
    broken = next((root / 'rendered_chairs').rglob('image_002*'))
    broken.write_bytes(b'')
    _, job = chairs.job(root, SMALL, partial=True, skip_unreadable=True)
    build(root / 'chairs.lmdb', job)
    data = LMDBImages(root / 'chairs.lmdb', annotations=('factors',))
    assert len(data) == 11 and len(data[0]['data_samples']['factors']) == 3
    with pytest.raises(ValueError, match=r'chairs\.lmdb does not hold all the combinations of known factors'):
        data.grid  # noqa: B018


def test_two_of_its_factors(root):
    build(root / 'chairs.lmdb', chairs.job(root, SMALL, partial=True)[1])
    data = LMDBImages(root / 'chairs.lmdb', factors=('elevation', 'azimuth'))
    assert data.metainfo['factor_names'] == ('elevation', 'azimuth') and data.metainfo['factor_sizes'] == (2, 3)
    assert not data.metainfo['is_grid'], 'every direction is there once a model'
    np.testing.assert_array_equal(data.factors, np.tile([[e, a] for e in range(2) for a in range(3)], (2, 1)))
    assert LMDBImages(root / 'chairs.lmdb').metainfo['is_grid']
    with pytest.raises(ValueError, match=r"there is no factor 'size', only \['model', 'elevation', 'azimuth'\]"):
        len(LMDBImages(root / 'chairs.lmdb', factors=('size', )))


def test_wrong_numbers_and_names(root):
    with pytest.raises(ValueError, match=r'holds 12 images, but 3D Chairs has 86,366; pass --partial'):
        chairs.job(root, chairs.RECIPE)
    (root / 'rendered_chairs' / 'cover.png').write_bytes(b'x')
    with pytest.raises(ValueError, match=r"'cover\.png' is not of the form '<model>/renders/image_<n>_p<elevation>_t<azimuth>"):
        chairs.job(root, SMALL, partial=True)


def test_the_official_size_is_checked(root):
    _, job = chairs.job(root, chairs.RECIPE, partial=True)
    with pytest.raises(ValueError, match=r'image_000_p020_t011_r096\.png: the image is 150x150, but the official ones are 600x600'):
        build(root / 'chairs.lmdb', job)


def test_real_chairs_through_conversion_and_loading(real_images, tmp_path):
    real = np.load(real_images / 'chairs_real_100.npz', allow_pickle=False)['imgs'][:12]
    write_chairs(tmp_path / 'rendered_chairs', real)
    build(tmp_path / 'chairs.lmdb', chairs.job(tmp_path, SMALL, partial=True)[1])
    loaded = LMDBImages(tmp_path / 'chairs.lmdb').__getitems__(range(12)).collated['inputs'][:, 0].numpy()
    expected = np.concatenate([real[6:], real[:6]]) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(loaded - expected).max() < 1
    assert (loaded[:, 0, 0] > 240).all()
