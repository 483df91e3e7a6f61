import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets.dsprites import GRID, DSprites, build, render
from ibgan_plugin.datasets.dsprites.build import FILE_NAME, OFFICIAL_NAME, POSITIONS, job, prepare
from ibgan_plugin.datasets.dsprites.official import OfficialFile
from ibgan_plugin.datasets.store.reader import LMDBReader, StoreError


def checksum(root):
    reader = LMDBReader(root / FILE_NAME, 'dsprites')
    reader.verify()
    return reader.metadata['checksum']


def leftovers(root):
    return [path.name for path in root.iterdir() if path.name != FILE_NAME and not path.name.endswith('.lock')]


def test_the_file_is_described_and_compact(dsprites_root):
    path = prepare(dsprites_root)
    assert path == dsprites_root / 'dsprites.lmdb' and path.stat().st_size < 86_000_000 and not leftovers(dsprites_root)
    metadata = LMDBReader(path, 'dsprites').metadata
    assert metadata['source'] == 'rendered' and metadata['count'] == 720
    assert metadata['checksum'] == 1889122167, 'every pixel is the same on every machine'
    assert metadata['layout'] == {
        'name': 'dSprites', 'factor_names': ['shape', 'scale', 'orientation', 'posX', 'posY'],
        'factor_sizes': [3, 6, 40, 32, 32], 'images': 737280, 'record': {'dtype': '<u4', 'shape': [32, 32, 28]}}


DRAW = '''
import os, signal, sys
from ibgan_plugin.datasets.dsprites import build
draw, drawn = build.sprite_windows, []
def counting(*kind):
    drawn.append(kind)
    if len(drawn) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(*kind)
build.sprite_windows = counting
build.prepare(sys.argv[1])
print('drawn', len(drawn))
'''


def start_drawing(root, die_at=-1):
    return subprocess.Popen([sys.executable, '-c', DRAW, str(root), str(die_at)], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)


def test_a_killed_build_is_not_taken_for_whole_and_goes_on(tmp_path, dsprites_root, monkeypatch):
    killed = start_drawing(tmp_path, die_at=400)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert leftovers(tmp_path) == ['dsprites.lmdb.part'] and not (tmp_path / FILE_NAME).exists()

    drawn = []
    draw = build.sprite_windows
    monkeypatch.setattr(build, 'sprite_windows', lambda *kind: drawn.append(kind) or draw(*kind))
    assert len(DSprites(tmp_path)) == 737280
    assert 320 < len(drawn) < 400, 'what was written before the kill is used again'
    assert checksum(tmp_path) == checksum(dsprites_root) and not leftovers(tmp_path)


def test_two_processes_build_it_once(tmp_path, dsprites_root):
    processes = [start_drawing(tmp_path), start_drawing(tmp_path)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(output.split('drawn')[1]) for output in outputs) == [0, 720]
    assert checksum(tmp_path) == checksum(dsprites_root) and not leftovers(tmp_path)


def test_a_truncated_file_is_reported(tmp_path, dsprites_root):
    path = tmp_path / FILE_NAME
    path.write_bytes((dsprites_root / FILE_NAME).read_bytes()[:40_000_000])
    with pytest.raises(StoreError, match=r'dsprites\.lmdb is truncated: 40000000 of \d+ bytes; delete it'):
        len(DSprites(tmp_path))


# The official file: a small forgery for its errors, a whole one for the slow test.

def npy(array=None, shape=None, dtype='u1', body=b''):
    """An ``.npy`` of an array, or a header of any shape and type before any bytes."""
    stream = io.BytesIO()
    if array is not None:
        np.save(stream, array)
    else:
        np.lib.format.write_array_header_1_0(stream, {'descr': np.dtype(dtype).str, 'fortran_order': False, 'shape': shape})
        stream.write(body)
    return stream.getvalue()


def classes(rows=737280):
    factors = GRID.to_factors(np.arange(rows))
    return np.concatenate([np.zeros((rows, 1), dtype=np.int64), factors], axis=1)


@pytest.fixture(scope='module')
def right_classes():
    return npy(classes())


def official(path, imgs, latents_classes):
    members = {'imgs.npy': imgs, 'latents_classes.npy': latents_classes, 'metadata.npy': b'never unpickled'}
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return path


SHAPE = (737280, 64, 64)


@pytest.mark.parametrize(('imgs', 'latents_classes', 'message'), [
    (None, b'', r"official\.npz has no array 'imgs', only \['latents_classes\.npy', 'metadata\.npy'\]"),
    (npy(shape=SHAPE), None, r"has no array 'latents_classes'"),
    (npy(np.zeros((5, 64, 64), 'u1')), b'', r'imgs is uint8 of shape \[5, 64, 64\], but must be uint8 of shape \[737280, '),
    (npy(shape=SHAPE, dtype='f4'), b'', r'imgs is float32 of shape \[737280, 64, 64\], but must be uint8'),
    (b'no numpy', b'', r'official\.npz: imgs is no numpy array: '),
    (npy(shape=SHAPE), npy(classes(7)), r'latents_classes is int64 of shape \[7, 6\], but must be int64 of shape \[737280, '),
    (npy(shape=SHAPE), npy(classes()[::-1]), r'latents_classes are not in the order shape, scale, orientation, posX, posY'),
    (npy(shape=SHAPE), npy(classes())[:-8], r'latents_classes ends early'),
])
def test_official_file_of_the_wrong_content(tmp_path, imgs, latents_classes, message):
    path = official(tmp_path / 'official.npz', imgs, latents_classes)
    with pytest.raises(ValueError, match=message):
        OfficialFile(path)


def test_official_file_missing_or_no_zip(tmp_path):
    with pytest.raises(ValueError, match=r'none\.npz does not exist'):
        prepare(tmp_path, tmp_path / 'none.npz')
    path = tmp_path / OFFICIAL_NAME
    path.write_bytes(b'half a download')
    with pytest.raises(ValueError, match=rf'{OFFICIAL_NAME} is damaged or not a zip file'):
        prepare(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [OFFICIAL_NAME]


def test_official_images_that_are_none(tmp_path, right_classes):
    pos_x, pos_y = np.divmod(np.arange(POSITIONS), 32)
    images = render(np.stack([0 * pos_x, 0 * pos_x, 0 * pos_x, pos_x, pos_y], axis=1)) & 1  # as the official file has them
    images[33, 60, 60] = 1
    path = official(tmp_path / 'official.npz', npy(shape=SHAPE, body=images.tobytes()), right_classes)
    with pytest.raises(ValueError, match=r'official\.npz: images 0 to 1023 are not dSprites images: image 33 has white pixels '
                                         r'outside its 28x28 window \(posX 1, posY 1\)'):
        prepare(tmp_path, path)
    assert not (tmp_path / FILE_NAME).exists()


def test_a_file_made_from_something_else_is_not_taken_for_the_official_one(tmp_path, dsprites_root, right_classes):
    path = official(tmp_path / 'official.npz', npy(shape=SHAPE), right_classes)
    with pytest.raises(ValueError, match=r"lmdb is there, but was made from 'rendered' instead of 'official npz \(images"):
        prepare(dsprites_root, path)
    assert prepare(dsprites_root) == dsprites_root / FILE_NAME


def test_official_images_that_end_early(tmp_path, right_classes):
    images = np.zeros((POSITIONS, 64, 64), dtype=np.uint8)
    path = official(tmp_path / 'official.npz', npy(shape=SHAPE, body=images.tobytes()), right_classes)
    chunks = OfficialFile(path).chunks(POSITIONS)
    np.testing.assert_array_equal(next(chunks), images)
    with pytest.raises(ValueError, match=r'official\.npz is damaged: imgs ends early'):
        next(chunks)


def test_official_images_are_packed_like_the_drawn_ones(tmp_path, right_classes):
    factors = GRID.to_factors(np.arange(3 * POSITIONS))
    path = official(tmp_path / 'official.npz', npy(shape=SHAPE, body=(render(factors) & 1).tobytes()), right_classes)
    packed = job(OfficialFile(path)).records(1)
    drawn = job().records(1)
    assert next(iter(packed)) == next(iter(drawn))
    assert job(OfficialFile(path)).source.startswith('official npz (images CRC-32 ')


@pytest.mark.slow
def test_the_whole_official_file(tmp_path, dsprites_root, right_classes):
    path = tmp_path / OFFICIAL_NAME
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr('latents_classes.npy', right_classes)
        with archive.open('imgs.npy', 'w', force_zip64=True) as stream:
            stream.write(npy(shape=SHAPE))
            for start in range(0, len(GRID), 16 * POSITIONS):
                stream.write((render(GRID.to_factors(np.arange(start, start + 16 * POSITIONS))) & 1).tobytes())
    data = DSprites(tmp_path)
    assert len(data) == 737280
    assert checksum(tmp_path) == checksum(dsprites_root)
    assert data._reader.metadata['source'].startswith('official npz')
    assert Path(path).exists() and os.path.getsize(path) < 1 << 30
