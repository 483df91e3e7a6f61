import io
import os
import resource
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets.npz_stream import NpzArray
from tests.datasets.npz_files import header


def npz(path, content, name='images.npy'):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def test_pieces_are_those_of_the_array(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (11, 2, 3), dtype=np.uint8)
    np.savez_compressed(tmp_path / 'it.npz', images=values, other=np.zeros(3))
    array = NpzArray(tmp_path / 'it.npz', 'images', 'u1', (11, 2, 3))
    np.testing.assert_array_equal(array.read(), values)
    pieces = list(array.chunks(4, start=2))
    assert [len(piece) for piece in pieces] == [4, 4, 1]
    np.testing.assert_array_equal(np.concatenate(pieces), values[2:])


def zeros_behind(head, path, size):
    """A zip file of a few MB whose member says ``head`` and then holds ``size`` zero bytes."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive, archive.open('images.npy', 'w', force_zip64=True) as stream:
        stream.write(head)
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
    return path


#: A file, what of it is asked for, and what comes of it: none may take more memory than what is asked for.
BOMBS = {
    'more rows than wanted': (header((1 << 30, )), (10, ), r'images is uint8 of shape \[1073741824\], but must be uint8 of shape'),
    'a long header': (b'\x93NUMPY\2\0' + struct.pack('<I', 400 << 20), (10, ), r'the format is version \(2, 0\), but must be'),
    'more bytes than the header says': (header((10, )), (10, ), None),
}


@pytest.mark.parametrize('kind', BOMBS)
def test_a_bomb_is_never_unpacked(tmp_path, kind):
    head, shape, message = BOMBS[kind]
    path = zeros_behind(head, tmp_path / 'bomb.npz', 400 << 20)
    assert path.stat().st_size < 1 << 20
    child = os.fork()
    if child == 0:
        status = 1
        try:
            used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + (100 << 20), used + (100 << 20)))
            if message is None:
                assert not NpzArray(path, 'images', 'u1', shape).read().any()
            else:
                with pytest.raises(ValueError, match=message):
                    NpzArray(path, 'images', 'u1', shape)
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'images is no numpy array: EOF'), (b'rubbish' * 9, 'images is no numpy array: the magic string is not correct'),
    (header((2, 3), fortran=True) + bytes(6), r'images is uint8 of shape \[2, 3\], but must be'),
    (header((2, 3), dtype='|O') + bytes(48), 'images is object of shape'),
    (header('(' * 3000), 'images is no numpy array'), (header((10**30, 3)), 'images is uint8 of shape'),
])
def test_what_is_no_such_array(tmp_path, content, message):
    with pytest.raises(ValueError, match=rf'it\.npz: {message}'):
        NpzArray(npz(tmp_path / 'it.npz', content), 'images', 'u1', (2, 3))


def test_what_is_no_such_file(tmp_path):
    os.mkfifo(tmp_path / 'fifo.npz')
    (tmp_path / 'zero.npz').symlink_to('/dev/zero')
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    (tmp_path / 'plain.npz').write_bytes(buffer.getvalue())
    for name, message in [('fifo', 'is no regular file'), ('zero', 'is no regular file'), ('none', 'does not exist'),
                          ('plain', 'is damaged or not a zip file')]:
        with pytest.raises(ValueError, match=rf"{name}\.npz'? {message}"):
            NpzArray(tmp_path / f'{name}.npz', 'images', 'f8', (3, ))
