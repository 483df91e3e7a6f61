"""Reports of first days: folders and archives through the tool that prepares them (cases 04, 05, 06, 15, 19 and 21)."""
import errno
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ibgan_plugin.datasets import LMDBImages
from tests.tools.commands import ROOT
from tools import prepare_data

RNG = np.random.default_rng(0)


def photo(path, size=(70, 66)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


def prepare(capfd, root, out, kind='folder', *options) -> tuple[int, str]:
    """Exit status and what was said."""
    status = prepare_data.main([kind, str(root), '--out', str(out), '--workers', '1', *options])
    return status, ''.join(capfd.readouterr())


def number(said: str) -> int:
    """Of the images that were taken."""
    return int(re.search(r': ([\d,]+) images of', said)[1].replace(',', ''))


def test_04_images_behind_a_linked_folder_are_taken(tmp_path, capfd):
    for name in 'abc':
        photo(tmp_path / f'photos/{name}.png')
        photo(tmp_path / f'elsewhere/{name}.png')
    (tmp_path / 'photos/more').symlink_to(tmp_path / 'elsewhere')
    status, said = prepare(capfd, tmp_path / 'photos', tmp_path / 'out.lmdb')
    assert (status, number(said)) == (0, 6)


def test_05_a_folder_that_can_not_be_read_is_named(tmp_path):
    photo(tmp_path / 'photos/a/1.png')
    photo(tmp_path / 'photos/b/2.png')
    (tmp_path / 'photos/b').chmod(0)
    prefix = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] if os.getuid() == 0 else []
    done = subprocess.run([*prefix, sys.executable, str(ROOT / 'tools/prepare_data.py'), 'folder', 'photos', '--out', 'out.lmdb'],
                          cwd=tmp_path, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    (tmp_path / 'photos/b').chmod(0o755)
    assert done.returncode == 2
    assert 'photos/b' in done.stderr and 'Traceback' not in done.stderr
    assert not (tmp_path / 'out.lmdb').exists()


def test_06_files_that_tar_stored_as_links_are_read(tmp_path, capfd):
    for name in 'abc':
        photo(tmp_path / f'set/v1/{name}.png')
        (tmp_path / 'set/v2').mkdir(exist_ok=True)
        os.link(tmp_path / f'set/v1/{name}.png', tmp_path / f'set/v2/{name}.png')  # as cp -al, rsync --link-dest do
    (tmp_path / 'set/v2/d.png').symlink_to('../v1/a.png')
    subprocess.run(['tar', 'cf', 'set.tar', 'set'], cwd=tmp_path, check=True)
    found = {}
    for source in ('set', 'set.tar'):
        assert prepare(capfd, tmp_path / source, tmp_path / f'{source}.lmdb')[0] == 0
        found[source] = [image['inputs'].numpy() for image in LMDBImages(tmp_path / f'{source}.lmdb')]
    assert len(found['set']) == 7
    assert np.array_equal(found['set'], found['set.tar'])


def test_15_a_store_of_other_images_of_the_same_names_is_not_kept(tmp_path, capfd):
    for folder, value in (('v1', 10), ('v2', 240)):
        (tmp_path / folder).mkdir()
        for name in range(4):
            Image.fromarray(np.full((64, 64, 3), value, np.uint8)).save(tmp_path / folder / f'{name:04d}.png')
    assert prepare(capfd, tmp_path / 'v1', tmp_path / 'out.lmdb')[0] == 0
    status, said = prepare(capfd, tmp_path / 'v2', tmp_path / 'out.lmdb')
    assert status == 2 and 'out.lmdb' in said and '--force' in said
    assert prepare(capfd, tmp_path / 'v2', tmp_path / 'out.lmdb', 'folder', '--force')[0] == 0
    assert LMDBImages(tmp_path / 'out.lmdb')[0]['inputs'].float().mean() == 240


def test_19_kaggles_annotations_are_read(tmp_path, capfd):
    names = [f'{count:06d}.jpg' for count in range(1, 7)]
    for name in names:
        photo(tmp_path / 'celeba/img_align_celeba/img_align_celeba' / name, (218, 178))
    for file, head, row in (('list_eval_partition', 'image_id,partition', ',0'),
                            ('list_attr_celeba', 'image_id,Smiling,Young', ',1,-1')):
        (tmp_path / f'celeba/{file}.csv').write_text('\n'.join([head, *(name + row for name in names)]) + '\n')
    status, said = prepare(capfd, tmp_path / 'celeba', tmp_path / 'c.lmdb', 'celeba', '--partial')
    assert status == 0
    assert re.search(r'annotations: .*attributes.*partition', said)


@pytest.mark.filterwarnings('ignore:flock not supported')
@pytest.mark.parametrize('name', ['ENOSYS', 'ENOLCK', 'EOPNOTSUPP'])
def test_21_where_files_can_not_be_locked_the_file_and_a_way_out_are_named(tmp_path, capfd, monkeypatch, name):
    def refuse(handle, operation):
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    monkeypatch.setattr('fcntl.flock', refuse)
    photo(tmp_path / 'set/1.png')
    status, said = prepare(capfd, tmp_path / 'set', tmp_path / 'out.lmdb')
    if name == 'ENOSYS':  # filelock locks in another way on such a file system
        assert (status, number(said)) == (0, 1)
    else:
        assert status == 2 and 'out.lmdb: files can not be locked in its folder' in said and 'on a local disk' in said
        assert 'Traceback' not in said
