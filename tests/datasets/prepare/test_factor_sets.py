import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.prepare import factor_sets, norb
from ibgan_plugin.datasets.prepare.factor_sets import FACTOR_SETS
from ibgan_plugin.datasets.store.writer import build


@pytest.fixture
def small(monkeypatch):
    """Cut the published grids down, keeping what the code does with them."""
    for name, sizes in [('SHAPES3D_GRID', (2, ) * 6), ('MPI3D_GRID', (2, ) * 7), ('CARS3D_GRID', (3, 24, 4))]:
        monkeypatch.setattr(factor_sets, name, FactorGrid(getattr(factor_sets, name).names, sizes))
    small_norb = FactorGrid(norb.NORB_GRID.names, (2, 2, 3, 2, 2))
    monkeypatch.setattr(norb, 'NORB_GRID', small_norb)
    monkeypatch.setattr(norb, '_PER_PART', len(small_norb) // 2)
    monkeypatch.setattr(factor_sets, '_BLOCK', 10)
    grids = dict(shapes3d=factor_sets.SHAPES3D_GRID, mpi3d=factor_sets.MPI3D_GRID, cars3d=factor_sets.CARS3D_GRID,
                 smallnorb=small_norb)
    return {name: factor_sets.FactorSet(name, grid, FACTOR_SETS[name].channels, FACTOR_SETS[name].open)
            for name, grid in grids.items()}


def numbered(count, side=64, channels=3):
    """Flat images whose brightness is their number."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, side, side, channels)).copy()


def loaded(factor_set, source, tmp_path, encoding='png'):
    build(tmp_path / 'set.lmdb', factor_set.job(source, encoding))
    data = LMDBImages(tmp_path / 'set.lmdb', annotations=('factors',))
    assert data.grid == factor_set.grid and data.metainfo['dataset'] == factor_set.name
    batch = data.__getitems__(range(len(data))).collated
    np.testing.assert_array_equal(batch['data_samples']['factors'], data.grid.to_factors(np.arange(len(data))))
    return batch['inputs']


def test_published_sizes():
    assert {name: len(factor_set.grid) for name, factor_set in FACTOR_SETS.items()} == {
        'shapes3d': 480_000, 'mpi3d': 1_036_800, 'cars3d': 17_568, 'smallnorb': 48_600}


def test_shapes3d(small, tmp_path):
    h5py = pytest.importorskip('h5py', reason='reading Shapes3D needs h5py')
    with h5py.File(tmp_path / '3dshapes.h5', 'w') as file:
        file['images'] = numbered(64)
    images = loaded(small['shapes3d'], tmp_path / '3dshapes.h5', tmp_path)
    assert images.shape == (64, 3, 64, 64) and images[:, 1, 5, 5].tolist() == list(range(64))
    with h5py.File(tmp_path / 'short.h5', 'w') as file:
        file['images'] = numbered(3)
    with pytest.raises(ValueError, match=r'short\.h5: images is uint8 of shape \[3, 64, 64, 3\], but must be uint8'):
        small['shapes3d'].job(tmp_path / 'short.h5')
    (tmp_path / 'cut.h5').write_bytes((tmp_path / '3dshapes.h5').read_bytes()[:5000])
    with pytest.raises(ValueError, match=r'cut\.h5 is damaged or not an HDF5 file'):
        small['shapes3d'].job(tmp_path / 'cut.h5')


def test_shapes3d_without_h5py(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__('sys').modules, 'h5py', None)
    with pytest.raises(ValueError, match=r'3dshapes\.h5 is an HDF5 file: reading it needs h5py \(pip install h5py\)'):
        FACTOR_SETS['shapes3d'].job(tmp_path / '3dshapes.h5')


def test_mpi3d(small, tmp_path):
    np.savez_compressed(tmp_path / 'mpi3d_toy.npz', images=numbered(128))
    images = loaded(small['mpi3d'], tmp_path / 'mpi3d_toy.npz', tmp_path, encoding='raw')
    assert images.shape == (128, 3, 64, 64) and images[:, 2, 0, 63].tolist() == list(range(128))
    np.savez_compressed(tmp_path / 'short.npz', images=numbered(5))
    with pytest.raises(ValueError, match=r'short\.npz: images is uint8 of shape \[5, 64, 64, 3\], but must be'):
        small['mpi3d'].job(tmp_path / 'short.npz')
    with zipfile.ZipFile(tmp_path / 'none.npz', 'w') as archive:
        archive.writestr('labels.npy', b'')
    with pytest.raises(ValueError, match=r"none\.npz has no array 'images', only \['labels\.npy'\]"):
        small['mpi3d'].job(tmp_path / 'none.npz')


def car(number):
    """A mesh [H, W, 3, azimuth, elevation] of 128x128 images: red is the car, green the azimuth, blue the elevation."""
    mesh = np.empty((128, 128, 3, 24, 4), dtype=np.uint8)
    mesh[:, :, 0], mesh[:, :, 1], mesh[:, :, 2] = number, np.arange(24)[:, None], np.arange(4)
    return mesh


def test_cars3d(small, tmp_path):
    (tmp_path / 'cars').mkdir()
    for number in range(3):
        savemat(tmp_path / 'cars' / f'car_{number:03d}_mesh.mat', {'im': car(number)}, do_compression=True)
    images = loaded(small['cars3d'], tmp_path / 'cars', tmp_path)
    np.testing.assert_array_equal(images[:, :, 30, 30], small['cars3d'].grid.to_factors(np.arange(288)))
    blocks = small['cars3d'].open(tmp_path / 'cars')(100)  # goes on in the second car
    np.testing.assert_array_equal(next(blocks)[0, 0, 0], [1, 1, 0])

    savemat(tmp_path / 'cars' / 'car_001_mesh.mat', {'im': car(0)[..., :2]})
    with pytest.raises(ValueError, match=r'car_001_mesh\.mat: im is uint8 of shape \[128, 128, 3, 24, 2\], but must be'):
        build(tmp_path / 'bad.lmdb', small['cars3d'].job(tmp_path / 'cars'))
    (tmp_path / 'cars' / 'car_001_mesh.mat').write_bytes(b'rubbish' * 100)
    with pytest.raises(ValueError, match=r"car_001_mesh\.mat is damaged or has no array 'im'"):
        build(tmp_path / 'bad.lmdb', small['cars3d'].job(tmp_path / 'cars'))
    assert not (tmp_path / 'bad.lmdb').exists()
    (tmp_path / 'cars' / 'car_002_mesh.mat').unlink()
    with pytest.raises(ValueError, match=r'cars holds 2 \.mat files, but Cars3D has 3'):
        small['cars3d'].job(tmp_path / 'cars')


def write_matrix(path, array):
    magic = 0x1E3D4C55 if array.dtype == np.uint8 else 0x1E3D4C54
    sizes = [*array.shape, *[1] * (3 - array.ndim)]
    path.write_bytes(np.array([magic, array.ndim, *sizes], dtype='<i4').tobytes() + array.tobytes())


@pytest.fixture
def toys(small, tmp_path):
    """SmallNORB in miniature, shuffled over its two parts."""
    grid = small['smallnorb'].grid
    order = np.random.default_rng(0).permutation(len(grid))
    category, instance, elevation, azimuth, lighting = grid.to_factors(order).T
    info = np.stack([instance, elevation, 2 * azimuth, lighting], axis=1).astype('<i4')
    images = np.zeros((len(grid), 2, 96, 96), dtype=np.uint8)
    images[:, 0] = order[:, None, None]
    for part, rows in zip(norb._PARTS, np.split(np.arange(len(grid)), 2), strict=True):
        for name, array in [('dat', images), ('cat', category.astype('<i4')), ('info', info)]:
            write_matrix(tmp_path / f'{part}-{name}.mat', array[rows])
    return tmp_path


def test_smallnorb(small, toys):
    images = loaded(small['smallnorb'], toys, toys)
    assert images.shape == (48, 1, 64, 64) and images[:, 0, 10, 10].tolist() == list(range(48))


def test_smallnorb_damaged(small, toys):
    path = toys / f'{norb._PARTS[1]}-dat.mat'
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match=rf'{path.name} is truncated: {len(whole) // 2} of {len(whole)} bytes'):
        small['smallnorb'].job(toys)
    path.write_bytes(b'rubbish!')
    with pytest.raises(ValueError, match=rf'{path.name} is not a NORB matrix file'):
        small['smallnorb'].job(toys)
    write_matrix(path, np.zeros((3, 2, 96, 96), dtype=np.uint8))
    with pytest.raises(ValueError, match=rf'{path.name} has the shape \[3, 2, 96, 96\], but must have \[24, 2, 96, 96\]'):
        small['smallnorb'].job(toys)
    path.unlink()
    with pytest.raises(ValueError, match=rf'{path.name} does not exist \(unpack the \.gz first\)'):
        small['smallnorb'].job(toys)


def test_smallnorb_with_an_image_twice(small, toys):
    path = toys / f'{norb._PARTS[0]}-cat.mat'
    write_matrix(path, np.zeros(24, dtype='<i4'))
    with pytest.raises(ValueError, match='the images are not one for each combination of category, instance'):
        small['smallnorb'].job(toys)
