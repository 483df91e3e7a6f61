import os
import pickle
import tarfile
import zipfile

import pytest

from ibgan_plugin.datasets.sources import open_source

FILES = {'b/2.PNG': b'two', 'a/10.jpg': b'ten', 'a/2.jpeg': b'a two', 'notes.txt': b'no', '__MACOSX/a/._2.jpg': b'no'}
NAMES = ['a/10.jpg', 'a/2.jpeg', 'b/2.PNG']


@pytest.fixture(params=['folder', 'it.zip', 'it.tar'])
def place(request, tmp_path):
    folder = tmp_path / 'folder'
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if request.param == 'it.zip':
        with zipfile.ZipFile(tmp_path / request.param, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
    if request.param == 'it.tar':
        with tarfile.open(tmp_path / request.param, 'w') as archive:
            for name in FILES:
                archive.add(folder / name, name)
    return tmp_path / request.param


def test_images_are_found_and_read_in_order(place):
    source = open_source(place)
    assert source.names == NAMES and len(source) == 3 and source.path == place
    assert [source.read(name) for name in reversed(NAMES)] == [b'two', b'a two', b'ten']


def test_it_works_after_pickling_and_in_a_fork(place):
    source = open_source(str(place))
    source.read(NAMES[0])
    assert pickle.loads(pickle.dumps(source)).read(NAMES[1]) == b'a two'
    child = os.fork()
    if child == 0:
        os._exit(0 if [source.read(name) for name in NAMES] == [b'ten', b'a two', b'two'] else 1)
    assert [source.read(name) for name in NAMES] == [b'ten', b'a two', b'two']
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_is_no_source(tmp_path):
    with pytest.raises(ValueError, match=r'none does not exist'):
        open_source(tmp_path / 'none')
    with pytest.raises(ValueError, match=r'holds no image \(\.jpg, '):
        open_source(tmp_path)
    for name, message in [('it.zip', 'it.zip is damaged or not a zip file'), ('it.rar', 'is neither a folder nor'),
                          ('it.tar.gz', 'it.tar.gz is damaged or not an uncompressed tar file: .*unpack it')]:
        (tmp_path / name).write_bytes(b'rubbish' * 200)
        with pytest.raises(ValueError, match=message):
            open_source(tmp_path / name)


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / 'it.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a.jpg', b'content of an image')
    path.write_bytes(path.read_bytes().replace(b'content of', b'cantent of'))
    with pytest.raises(ValueError, match=r"it\.zip: a\.jpg: Bad CRC-32 for file 'a\.jpg'"):
        open_source(path).read('a.jpg')


def test_a_damaged_compressed_member_is_named(tmp_path):
    path = tmp_path / 'it.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.jpg', bytes(range(256)) * 20)
    content = bytearray(path.read_bytes())
    content[50:100] = b'\xff' * 50
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'it\.zip: a\.jpg: Error -3 while decompressing'):
        open_source(path).read('a.jpg')
