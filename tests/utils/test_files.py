import errno
import os

import numpy as np
import pytest
import torch

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file, check_writable, read_lines, whole_file, write_npz, write_torch, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('content', [b'bytes', 'täxt'])
def test_a_file_is_replaced_as_a_whole(tmp_path, content):
    path = tmp_path / 'new' / 'a.bin'
    write_whole(path, b'old')
    write_whole(path, content)
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert names(path.parent) == ['a.bin']


@pytest.mark.parametrize('error', [OSError(errno.ENOSPC, 'No space left on device'), RuntimeError('a bug'), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file(tmp_path, error):
    path = tmp_path / 'a.bin'
    write_whole(path, b'old')
    with pytest.raises(type(error)) as caught, whole_file(path) as part:
        part.write_bytes(bytes(1 << 20))
        raise error
    if isinstance(error, OSError):
        assert caught.value.errno == errno.ENOSPC
        assert f'could not write {path} (1.0 MB so far): No space left on device' in str(caught.value)
    assert path.read_bytes() == b'old'
    assert names(tmp_path) == ['a.bin']


def test_arrays_and_tensors_are_read_back(tmp_path):
    write_npz(tmp_path / 'a.npz', dict(codes=np.arange(3), names=np.array(['x'])))
    with np.load(tmp_path / 'a.npz', allow_pickle=False) as file:
        assert file['codes'].tolist() == [0, 1, 2] and file['names'].tolist() == ['x']
    write_torch(tmp_path / 'a.pth', dict(weight=torch.arange(3)))
    assert torch.load(tmp_path / 'a.pth', weights_only=True)['weight'].tolist() == [0, 1, 2]
    assert names(tmp_path) == ['a.npz', 'a.pth']


def irregular(folder):
    os.mkfifo(folder / 'pipe')
    (folder / 'link').symlink_to(folder / 'pipe')
    (folder / 'folder').mkdir()
    return {'pipe': 'no regular file', 'link': 'no regular file', 'folder': 'a folder'}


def test_pipes_and_folders_are_neither_read_nor_written(tmp_path):
    for name, kind in irregular(tmp_path).items():
        with pytest.raises(IBGANError, match=f"^image '{tmp_path}/{name}' is {kind}$"):
            check_regular_file(tmp_path / name, 'image')
        for write in (check_writable, lambda path: write_whole(path, b'x'), lambda path: write_npz(path, {})):
            with pytest.raises(IBGANError, match=f'{name} can not be written: it is {kind}$'):
                write(tmp_path / name)
    with pytest.raises(IBGANError, match=r"^no image '.*none'$"):
        check_regular_file(tmp_path / 'none', 'image')


def test_a_place_for_a_file_is_tried_and_left_as_it_was(tmp_path):
    assert check_writable(tmp_path / 'new' / 'a.txt') == tmp_path / 'new' / 'a.txt'
    write_whole(tmp_path / 'b', b'content')
    check_writable(tmp_path / 'b')
    assert names(tmp_path) == ['b', 'new'] and names(tmp_path / 'new') == []
    with pytest.raises(IBGANError, match=r'b/c can not be written: '):
        check_writable(tmp_path / 'b' / 'c')


def test_lines_end_in_lf_crlf_or_cr_alone(tmp_path):
    (tmp_path / 'it.txt').write_bytes('a\r\nb\rc\n\nd\u2028e\x85f\x0cg'.encode('utf-8-sig'))
    assert read_lines(tmp_path / 'it.txt') == ['a', 'b', 'c', '', 'd\u2028e\x85f\x0cg']
