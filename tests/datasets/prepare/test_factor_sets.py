import dataclasses
import os
import resource
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.prepare import arrays, norb, renders
from ibgan_plugin.datasets.prepare.factor_sets import FACTOR_SETS
from ibgan_plugin.datasets.prepare.run import run
from ibgan_plugin.datasets.store.writer import build
from tests.datasets.hdf5_files import a_group, hdf5, link_to_a_file, soft_link, stored_elsewhere, unknown_filter, virtual

#: The published grids cut down, keeping what the code does with them.
SIZES = dict(shapes3d=(2, ) * 6, mpi3d_toy=(2, ) * 7, mpi3d_realistic=(2, ) * 7, mpi3d_real=(2, ) * 7,
             mpi3d_complex=(2, 1, 2, 2, 2, 2, 2), cars3d=(3, 24, 4), smallnorb=(2, 2, 3, 2, 2))


@pytest.fixture
def small(monkeypatch):
    for module in (arrays, norb):
        monkeypatch.setattr(module, 'BLOCK', 10)
    return {name: dataclasses.replace(FACTOR_SETS[name], grid=FactorGrid(FACTOR_SETS[name].grid.names, sizes))
            for name, sizes in SIZES.items()}


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
        'shapes3d': 480_000, 'mpi3d_toy': 1_036_800, 'mpi3d_realistic': 1_036_800, 'mpi3d_real': 1_036_800,
        'mpi3d_complex': 460_800, 'cars3d': 17_568, 'smallnorb': 48_600}
    assert {name: len(grid) for name, grid in renders.RENDERS.items()} == {'falcor3d': 233_280, 'isaac3d': 737_280}


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
    (tmp_path / '3dshapes.h5').write_bytes(b'')
    with pytest.raises(ValueError, match=r'3dshapes\.h5 is an HDF5 file: reading it needs h5py \(pip install h5py\)'):
        FACTOR_SETS['shapes3d'].job(tmp_path / '3dshapes.h5')


@pytest.mark.parametrize('name', [name for name in SIZES if name.startswith('mpi3d')])
def test_mpi3d(small, tmp_path, name):
    factor_set = small[name]
    total = len(factor_set.grid)
    np.savez_compressed(tmp_path / factor_set.file, images=numbered(total))
    images = loaded(factor_set, tmp_path / factor_set.file, tmp_path, encoding='raw')
    assert images.shape == (total, 3, 64, 64) and images[:, 2, 0, 63].tolist() == list(range(total))
    np.savez_compressed(tmp_path / 'short.npz', images=numbered(5))
    with pytest.raises(ValueError, match=r'short\.npz: images is uint8 of shape \[5, 64, 64, 3\], but must be'):
        factor_set.job(tmp_path / 'short.npz')
    with zipfile.ZipFile(tmp_path / 'none.npz', 'w') as archive:
        archive.writestr('labels.npy', b'')
    with pytest.raises(ValueError, match=r"none\.npz has no array 'images', only \['labels\.npy'\]"):
        factor_set.job(tmp_path / 'none.npz')


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
    blocks = small['cars3d'].open(tmp_path / 'cars', small['cars3d'].grid).blocks(100)  # goes on in the second car
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


@pytest.mark.parametrize(('make', 'message'), [
    (soft_link, 'images is a link, but must lie in the file itself'), (link_to_a_file, 'images is a link, but must lie in'),
    (stored_elsewhere, 'images is stored in other files, but must lie'), (virtual, 'images is stored in other files, but must'),
    (unknown_filter, r'images is packed by a filter \(305\) that would load a library'), (a_group, 'images is no array, but must'),
])
def test_hdf5_that_leads_elsewhere_is_refused(small, tmp_path, make, message):
    path = hdf5(tmp_path / 'it.h5', make)
    with pytest.raises(ValueError, match=rf'it\.h5: {message}'):
        small['shapes3d'].job(path)


def test_hdf5_of_huge_chunks_is_refused(tmp_path):
    def make(h5py, file):
        file.create_dataset('images', (480_000, 64, 64, 3), 'u1', chunks=(24_000, 64, 64, 3), compression='gzip')

    path = hdf5(tmp_path / 'it.h5', make)
    with pytest.raises(ValueError, match=r'images is stored in chunks of \[24000, 64, 64, 3\], more than 268,435,456 bytes'):
        FACTOR_SETS['shapes3d'].job(path)


def mat_bomb(path, size):
    """A MATLAB file of a few KB whose packed part unpacks to ``size`` zero bytes."""
    packer = zlib.compressobj()
    packed = b''.join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    head = b'MATLAB 5.0 MAT-file'.ljust(124) + b'\0\1IM'
    path.write_bytes(head + np.array([15, len(packed)], dtype='<u4').tobytes() + packed)


def test_a_mat_file_is_bounded_by_what_it_unpacks_to(small, tmp_path):
    (tmp_path / 'cars').mkdir()
    for number in range(3):
        mat_bomb(tmp_path / 'cars' / f'car_{number:03d}_mesh.mat', 600 << 20)
    assert (tmp_path / 'cars' / 'car_000_mesh.mat').stat().st_size < 1 << 20
    job = small['cars3d'].job(tmp_path / 'cars')
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with open('/proc/self/statm') as stream:
                used = int(stream.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), used + (200 << 20)))
            with pytest.raises(ValueError, match=r'car_000_mesh\.mat has more than 268,435,456 bytes unpacked'):
                next(iter(job.records(0)))
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize('name', ['shapes3d', 'mpi3d_real', 'smallnorb'])
def test_a_fifo_is_not_waited_for(small, tmp_path, name):
    file = tmp_path / (f'{norb._PARTS[0]}-dat.mat' if name == 'smallnorb' else 'it')
    os.mkfifo(file)
    with pytest.raises(ValueError, match='is no regular file'):
        small[name].job(tmp_path if name == 'smallnorb' else file)


def test_other_content_of_the_same_name_is_another_source(small, tmp_path):
    sources = set()
    for value in (1, 2):
        np.savez(tmp_path / 'mpi3d_toy.npz', images=numbered(128) ^ value)
        sources.add(small['mpi3d_toy'].job(tmp_path / 'mpi3d_toy.npz').source)
        hdf5(tmp_path / '3dshapes.h5', lambda h5py, file, value=value: file.create_dataset('images', data=numbered(64) ^ value))
        sources.add(small['shapes3d'].job(tmp_path / '3dshapes.h5').source)
        (tmp_path / 'cars').mkdir(exist_ok=True)
        for number in range(3):
            savemat(tmp_path / 'cars' / f'car_{number:03d}_mesh.mat', {'im': car(number) ^ value})
        sources.add(small['cars3d'].job(tmp_path / 'cars').source)
    assert len(sources) == 6


@pytest.mark.parametrize('name', renders.RENDERS)
@pytest.mark.parametrize('kind', ['folder', 'nested zip'])
def test_rendered_images_are_taken_by_their_numbers(tmp_path, monkeypatch, name, kind):
    grid = FactorGrid(renders.RENDERS[name].names, (2, 3) + (1, ) * (len(renders.RENDERS[name].sizes) - 2))
    monkeypatch.setitem(renders.RENDERS, name, grid)
    folder = tmp_path / name / 'images'
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f'{number if kind == "folder" else f"{number:06d}"}.png').write_bytes(encode(numbered(6, 128)[number], 'png'))
    place = folder if kind == 'folder' else Path(shutil.make_archive(str(tmp_path / 'it'), 'zip', tmp_path, name))
    conversion, job = renders.job(name, place, renders.RECIPE)
    run(tmp_path / 'it.lmdb', job, conversion)
    data = LMDBImages(tmp_path / 'it.lmdb')
    assert data.grid == grid and data.metainfo['is_grid']
    assert data.render(np.array([[1, 2] + [0] * (len(grid.sizes) - 2)]))[0, 0, 5, 5] == 5
    (folder / ('5.png' if kind == 'folder' else '000005.png')).rename(folder / '7.png')
    with pytest.raises(ValueError, match=r"images must be numbered from 0 to 5, got '7\.png'"):
        renders.job(name, folder, renders.RECIPE)
    (folder / '7.png').unlink()
    with pytest.raises(ValueError, match=rf'images holds 5 images, but {name} has 6'):
        renders.job(name, folder, renders.RECIPE)
