"""HDF5 files whose ``images`` are something else than an array in the file itself."""
import numpy as np
import pytest


def hdf5(path, make):
    h5py = pytest.importorskip('h5py', reason='reading Shapes3D needs h5py')
    with h5py.File(path, 'w') as file:
        make(h5py, file)
    return path


def soft_link(h5py, file):
    file['other'] = np.zeros((64, 64, 64, 3), 'u1')
    file['images'] = h5py.SoftLink('/other')


def link_to_a_file(h5py, file):
    file['images'] = h5py.ExternalLink('/etc/passwd', '/')


def stored_elsewhere(h5py, file):
    file.create_dataset('images', (64, 64, 64, 3), 'u1', external=[('/etc/passwd', 0, 64 * 64 * 64 * 3)])


def virtual(h5py, file):
    layout = h5py.VirtualLayout((64, 64, 64, 3), 'u1')
    layout[:] = h5py.VirtualSource('/etc/passwd', 'images', (64, 64, 64, 3))
    file.create_virtual_dataset('images', layout)


def unknown_filter(h5py, file):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((1, 64, 64, 3))
    settings.set_filter(305, h5py.h5z.FLAG_OPTIONAL, (1, ))
    space = h5py.h5s.create_simple((64, 64, 64, 3))
    h5py.h5d.create(file.id, b'images', h5py.h5t.NATIVE_UINT8, space, settings)


def a_group(h5py, file):
    file.create_group('images')
