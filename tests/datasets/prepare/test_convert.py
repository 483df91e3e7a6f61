import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import decode, encode
from ibgan_plugin.datasets.prepare import folder
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.prepare.run import run
from ibgan_plugin.datasets.store.reader import LMDBReader
from ibgan_plugin.datasets.store.writer import build


@pytest.fixture
def root(tmp_path):
    place = tmp_path / 'images'
    place.mkdir()
    for number in range(60):
        image = np.random.default_rng(number).integers(0, 256, (70, 80, 3), dtype=np.uint8)
        (place / f'{number:03d}.png').write_bytes(encode(image, 'png'))
    return place


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(channels=4), 'channels must be 1 or 3, got 4'), (dict(size=0), 'size must be at least 1 pixel, got 0'),
    (dict(crop='big'), "crop must be .*, got 'big'"),
    (dict(encoding='gif'), r"encoding must be one of \['jpeg', 'png', 'raw'\]"),
    (dict(quality=101), r'quality must be in 1\.\.100, got 101'),
])
def test_a_bad_recipe(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**changes)


@pytest.mark.parametrize('encoding', ['raw', 'png', 'jpeg'])
@pytest.mark.parametrize('channels', [1, 3])
def test_workers_make_the_same_file(root, tmp_path, encoding, channels):
    recipe = Recipe(channels, 32, 'square', encoding)
    build(tmp_path / 'one.lmdb', folder.job(root, recipe, workers=1)[1])
    checksum = LMDBReader(tmp_path / 'one.lmdb', 'images').metadata['checksum']
    if encoding == 'raw' and channels == 3:
        build(tmp_path / 'two.lmdb', folder.job(root, recipe, workers=2)[1])
        assert LMDBReader(tmp_path / 'two.lmdb', 'images').metadata['checksum'] == checksum
    data = LMDBImages(tmp_path / 'one.lmdb')
    assert data[59]['inputs'].shape == (channels, 32, 32) and data.metainfo['dataset'] == 'images'


def test_summary_and_report(root, tmp_path):
    (root / '007.png').write_bytes(b'')
    conversion, job = folder.job(root, Recipe(), skip_unreadable=True)
    summary = run(tmp_path / 'it.lmdb', job, conversion)
    assert 'it.lmdb: 59 images of 64x64x3 (jpeg) from images (60 files, SHA-256 ' in summary and 'checksum verified' in summary
    assert 'left out: 1 unreadable inputs, 007.png first; ' in summary
    assert (tmp_path / 'it.skipped.txt').read_text() == '007.png: the file is empty\n'
    (tmp_path / 'it.skipped.txt').unlink()  # as if killed before it was written
    again = run(tmp_path / 'it.lmdb', *folder.job(root, Recipe(), skip_unreadable=True)[::-1])
    assert 'it was there already' in again and 'left out: 1 unreadable inputs' in again
    assert (tmp_path / 'it.skipped.txt').read_text() == '007.png: left out by an earlier run\n'


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(crop='none'), r"it\.lmdb is there, but its crop is 'square' instead of 'none'; pass --force"),
    (dict(size=32), r'its shape is \[64, 64, 3\] instead of \[32, 32, 3\]'),
    (dict(encoding='raw'), "its encoding is 'jpeg' instead of 'raw'"), (dict(quality=50), 'its quality is 95 instead of 50'),
])
def test_a_file_made_in_another_way_is_not_taken_for_what_is_asked(root, tmp_path, changes, message):
    run(tmp_path / 'it.lmdb', folder.job(root, Recipe())[1])
    with pytest.raises(ValueError, match=message):
        run(tmp_path / 'it.lmdb', folder.job(root, Recipe(**changes))[1])
    assert 'annotations: none' in run(tmp_path / 'it.lmdb', folder.job(root, Recipe(**changes))[1], overwrite=True)
    (root / 'another.png').write_bytes((root / '000.png').read_bytes())
    with pytest.raises(ValueError, match=r"its source is 'images \(60 files, SHA-256 .* instead of 'images \(61 files"):
        run(tmp_path / 'it.lmdb', folder.job(root, Recipe(**changes))[1])


def test_not_one_usable_file_is_an_error_and_can_be_mended(root, tmp_path):
    good = {path: path.read_bytes() for path in root.iterdir()}
    for path in good:
        path.write_bytes(b'')
    with pytest.raises(ValueError, match=r'images: none of its 60 images can be used; the last: 059\.png: the file is empty'):
        run(tmp_path / 'it.lmdb', folder.job(root, Recipe(), skip_unreadable=True)[1])
    assert not (tmp_path / 'it.lmdb').exists()
    for path, data in good.items():
        path.write_bytes(data)
    assert '60 images' in run(tmp_path / 'it.lmdb', folder.job(root, Recipe(), skip_unreadable=True)[1])


CONVERT = '''
import os, signal, sys
from pathlib import Path
from ibgan_plugin.datasets.store import writer
from ibgan_plugin.datasets.prepare import folder
writer._BYTES_PER_TRANSACTION = 100_000
conversion, job = folder.job(Path(sys.argv[1]), folder.RECIPE, workers=2)
records = job.records
def dying(start):
    for number, record in enumerate(records(start), start):
        if number == 50:
            os.kill(os.getpid(), signal.SIGKILL)
        yield record
job.records = dying
writer.build(Path(sys.argv[2]), job)
'''


def test_a_killed_conversion_goes_on(root, tmp_path):
    path = tmp_path / 'it.lmdb'
    killed = subprocess.run([sys.executable, '-c', CONVERT, root, path], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert not path.exists() and (tmp_path / 'it.lmdb.part').exists()
    _, job = folder.job(root, folder.RECIPE)
    started, records = [], job.records
    job.records = lambda start: started.append(start) or records(start)
    build(path, job)
    assert 20 < started[0] <= 50 and not (tmp_path / 'it.lmdb.part').exists()
    build(tmp_path / 'again.lmdb', folder.job(root, folder.RECIPE)[1])
    checksums = [LMDBReader(tmp_path / name, 'images').metadata['checksum'] for name in ('it.lmdb', 'again.lmdb')]
    assert checksums[0] == checksums[1]


def test_other_files_of_the_same_number_are_not_mixed_in(root, tmp_path):
    first = folder.job(root, Recipe())[1]
    os.rename(root / '000.png', root / 'new.png')
    assert first.metadata() != folder.job(root, Recipe())[1].metadata()


def one_pixel(root):
    image = decode((root / '030.png').read_bytes(), 3, 'it')
    image[35, 40] ^= 1
    (root / '030.png').write_bytes(encode(image, 'png'))


def exchange(root):
    first, second = (root / '000.png').read_bytes(), (root / '001.png').read_bytes()
    (root / '000.png').write_bytes(second)
    (root / '001.png').write_bytes(first)


def one_byte_behind_the_image(root):
    with (root / '030.png').open('ab') as file:
        file.write(b'x')


@pytest.mark.parametrize('change', [one_pixel, exchange, one_byte_behind_the_image])
def test_other_images_of_the_same_names_are_not_taken_for_the_right_ones(root, tmp_path, change):
    times = {path: path.stat().st_mtime_ns for path in root.iterdir()}
    run(tmp_path / 'it.lmdb', folder.job(root, Recipe())[1])
    change(root)
    for path, time in times.items():
        os.utime(path, ns=(time, time))
    with pytest.raises(ValueError, match=r"it\.lmdb is there, but its source is 'images .* instead of 'images .*; pass --force"):
        run(tmp_path / 'it.lmdb', folder.job(root, Recipe())[1])


def test_a_copy_of_the_same_images_is_the_same_source(root, tmp_path):
    run(tmp_path / 'it.lmdb', folder.job(root, Recipe())[1])
    shutil.copytree(root, tmp_path / 'elsewhere' / 'images')
    assert 'it was there already' in run(tmp_path / 'it.lmdb', folder.job(tmp_path / 'elsewhere' / 'images', Recipe())[1])
    archive = shutil.make_archive(str(tmp_path / 'images'), 'zip', root)
    with pytest.raises(ValueError, match=r"its source is 'images \(60 files, (.*)\)' instead of 'images\.zip \(60 files, \1\)'"):
        run(tmp_path / 'it.lmdb', folder.job(Path(archive), Recipe(), name='images')[1])


def test_what_is_left_out_is_counted_and_named(root, tmp_path):
    for name in ('.hidden/1.png', 'note.txt', 'other.txt', 'photo.HEIC', 'a/Thumbs.db'):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b'x')
    (root / '007.png').write_bytes(b'')
    summary = run(tmp_path / 'it.lmdb', *folder.job(root, Recipe(), skip_unreadable=True)[::-1])
    assert summary.splitlines()[1].startswith(
        'left out: 1 unreadable inputs, 007.png first; 1 hidden or of the system (.hidden); 1 no image by its name (*.db) '
        '(a/Thumbs.db); 2 no image by its name (*.txt) (note.txt); 1 no image by its name (*.HEIC) (photo.HEIC); ')
    lines = (tmp_path / 'it.skipped.txt').read_text().splitlines()
    assert len(lines) == 6 and '007.png: the file is empty' in lines and 'other.txt: no image by its name (*.txt)' in lines
    again = run(tmp_path / 'it.lmdb', *folder.job(root, Recipe(), skip_unreadable=True)[::-1])
    assert 'it was there already' in again and (tmp_path / 'it.skipped.txt').read_text().splitlines() == lines
