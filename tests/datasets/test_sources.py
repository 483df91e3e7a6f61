import os
import pickle
import socket
import stat
import subprocess
import sys
import tarfile
import zipfile
import zlib

import pytest

from ibgan_plugin.datasets.sources import archives, folder, open_source

FILES = {'b/2.PNG': b'two', 'a/10.jpg': b'ten', 'a/2.jpeg': b'a two', 'notes.txt': b'no', '__MACOSX/a/2.jpg': b'no',
         'a/._2.jpg': b'no', '.cache/2.jpg': b'no', 'a/@eaDir/2.jpg': b'no', 'b/2.heic': b'no', 'b/none': b'no'}
LEFT_OUT = {'__MACOSX': 'hidden or of the system', '.cache': 'hidden or of the system', 'a/@eaDir': 'hidden or of the system',
            'a/._2.jpg': 'hidden or of the system', 'notes.txt': 'no image by its name (*.txt)',
            'b/2.heic': 'no image by its name (*.heic)', 'b/none': 'no image by its name (*)'}
NAMES = ['a/10.jpg', 'a/2.jpeg', 'b/2.PNG']


@pytest.fixture(params=['folder', 'it.zip', 'it.ZIP', 'it.tar', 'it.Tar'])
def place(request, tmp_path):
    folder = tmp_path / 'folder'
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if request.param.lower() == 'it.zip':
        with zipfile.ZipFile(tmp_path / request.param, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
    if request.param.lower() == 'it.tar':
        with tarfile.open(tmp_path / request.param, 'w') as archive:
            for name in FILES:
                archive.add(folder / name, name)
    return tmp_path / request.param


def test_images_are_found_and_read_in_order(place):
    source = open_source(place)
    assert source.names == NAMES and len(source) == 3 and source.path == place
    assert [source.read(name) for name in reversed(NAMES)] == [b'two', b'a two', b'ten']
    assert source.left_out == LEFT_OUT
    assert '4 hidden or of the system (' in source.summary() and '1 no image by its name (*.heic) (b/2.heic)' in source.summary()


def test_its_digest_is_that_of_the_content(place):
    source = open_source(place)
    checksums = [source.checksum(name) for name in NAMES]
    assert checksums == [zlib.crc32(content) for content in (b'ten', b'a two', b'two')]
    assert source.digest(checksums) == open_source(place).digest(checksums) != source.digest(checksums[::-1])


def test_it_works_after_pickling_and_in_a_fork(place):
    source = open_source(str(place))
    source.read(NAMES[0])
    assert pickle.loads(pickle.dumps(source)).read(NAMES[1]) == b'a two'
    child = os.fork()
    if child == 0:
        os._exit(0 if [source.read(name) for name in NAMES] == [b'ten', b'a two', b'two'] else 1)
    assert [source.read(name) for name in NAMES] == [b'ten', b'a two', b'two']
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize('kind', ['folder', 'it.tar'])
def test_names_that_are_not_utf_8(tmp_path, kind):
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / '1.png').touch()

    def source():
        if kind == 'it.tar':
            with tarfile.open(tmp_path / kind, 'w') as archive:
                for path in folder.iterdir():
                    archive.add(path, path.name)
        return open_source(tmp_path / kind)

    (folder / os.fsdecode(b'\xffnote.txt')).touch()
    assert source().names == ['1.png'] and source().left_out == {r'\udcffnote.txt': 'no image by its name (*.txt)'}
    (folder / os.fsdecode(b'\xff0.png')).touch()
    with pytest.raises(ValueError, match=r"^the file '.*/\\udcff0\.png' has a name that is not UTF-8: rename it$"):
        source()


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


def files(root, contents):
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def zipped(folder, path):
    """Links stay links, as ``zip -y`` does."""
    with zipfile.ZipFile(path, 'w') as archive:
        for entry in sorted(folder.rglob('*')):
            info = zipfile.ZipInfo(entry.relative_to(folder).as_posix())
            info.create_system = 3
            if entry.is_symlink():
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, os.readlink(entry))
            elif entry.is_file():
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, entry.read_bytes())
    return path


def tarred(folder, path):
    with tarfile.open(path, 'w') as archive:
        archive.add(folder, '.')
    return path


@pytest.fixture
def linked(tmp_path):
    """Links of all kinds that stay inside."""
    root = tmp_path / 'set'
    files(root, {'v1/0.png': b'zero', 'v1/1.png': b'one', 'v2/new.png': b'new'})
    os.link(root / 'v1/0.png', root / 'v2/hard.png')
    (root / 'v2/soft.png').symlink_to('../v1/1.png')
    (root / 'v2/chain.png').symlink_to('soft.png')
    (root / 'latest').symlink_to('v2')
    (root / 'through.png').symlink_to('latest/soft.png')
    (root / 'v2/again').symlink_to('..')
    (root / 'v2/nowhere.png').symlink_to('none.png')
    return root


def test_folder_zip_and_tar_give_the_same_set_with_links(linked, tmp_path):
    sources = [open_source(place) for place in (linked, zipped(linked, tmp_path / 's.zip'), tarred(linked, tmp_path / 's.tar'))]
    shown = {'hard.png': b'zero', 'soft.png': b'one', 'chain.png': b'one', 'new.png': b'new'}
    expected = {'v1/0.png': b'zero', 'v1/1.png': b'one', 'through.png': b'one'}
    expected |= {f'{folder}/{name}': content for folder in ('v2', 'latest') for name, content in shown.items()}
    for source in sources:
        assert {name: source.read(name) for name in source.names} == expected
        assert set(source.left_out) == {f'{folder}/{name}' for folder in ('v2', 'latest') for name in ('again', 'nowhere.png')}
        assert source.left_out['v2/again'] == 'a link to a folder that it is in'
        assert 'nowhere' in source.left_out['latest/nowhere.png']
    assert len({source.digest(map(source.checksum, source.names)) for source in sources}) == 1


@pytest.mark.parametrize('pack', [zipped, tarred])
@pytest.mark.parametrize('target', ['/etc', '../../outside', '../outside/1.png'])
def test_a_link_out_of_an_archive_is_left_out_and_named(tmp_path, pack, target):
    files(tmp_path, {'set/a/0.png': b'zero', 'outside/1.png': b'one'})
    (tmp_path / 'set/a/link').symlink_to(target if target.startswith('/') else f'../{target}')
    source = open_source(pack(tmp_path / 'set', tmp_path / ('it.zip' if pack is zipped else 'it.tar')))
    assert source.names == ['a/0.png'] and source.left_out == {'a/link': 'a link that leads out of the archive or nowhere'}


def test_links_out_of_a_folder_are_followed(tmp_path):
    files(tmp_path, {'set/0.png': b'zero', 'outside/1.png': b'one', 'outside/.2.png': b'two'})
    (tmp_path / 'set/more').symlink_to(tmp_path / 'outside')
    (tmp_path / 'set/3.png').symlink_to(tmp_path / 'outside/.2.png')
    source = open_source(tmp_path / 'set')
    assert source.names == ['0.png', '3.png', 'more/1.png'] and list(source.left_out) == ['more/.2.png']


def test_links_that_lead_to_each_other_end(tmp_path):
    for number in range(18):
        (tmp_path / f'{number}').mkdir()
        for other in (1, 2):
            if number + other < 18:
                (tmp_path / f'{number}' / f'to{other}').symlink_to(f'../{number + other}')
    files(tmp_path, {'17/0.png': b''})
    with pytest.raises(ValueError, match=r'has more than 1,000 links to folders: do they lead to each other\?'):
        open_source(tmp_path)
    with pytest.raises(ValueError, match='has more than 1,000 links to folders'):
        open_source(tarred(tmp_path, tmp_path.parent / 'it.tar'))


#: As root, permissions hold only without these.
UNPRIVILEGED = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] if os.getuid() == 0 else []
LIST = """
import sys
from ibgan_plugin.datasets.sources import open_source
try:
    open_source(sys.argv[1])
except ValueError as error:
    print(error)
source = open_source(sys.argv[1], skip_unreadable=True)
print(source.names, source.left_out)
"""


@pytest.mark.parametrize('place', ['b', 'a/b', 'a'])
def test_a_folder_that_can_not_be_read_stops_or_is_named(tmp_path, place):
    files(tmp_path, {'0.png': b'', 'a/1.png': b'', 'a/b/2.png': b'', 'b/3.png': b''})
    (tmp_path / place).chmod(0)
    try:
        text = subprocess.run([*UNPRIVILEGED, sys.executable, '-c', LIST, tmp_path], stdout=-1, text=True, check=True).stdout
    finally:
        (tmp_path / place).chmod(0o755)
    assert f'{tmp_path}/{place} can not be read (Permission denied)' in text and '--skip-unreadable' in text
    assert "'0.png'" in text and f"'{place}': 'a folder that can not be read'" in text


def special(path, kind):
    if kind == 'FIFO':
        os.mkfifo(path)
    elif kind == 'socket':
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
    else:
        path.symlink_to('/dev/zero')


@pytest.mark.parametrize('kind', ['FIFO', 'socket', 'device'])
def test_what_is_no_regular_file_is_never_opened(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    files(tmp_path, {'set/0.png': b'zero'})
    special(tmp_path / 'set/1.png', kind)
    (tmp_path / 'set/2.png').symlink_to('1.png')
    source = open_source(tmp_path / 'set')
    assert source.names == ['0.png'] and source.left_out == dict.fromkeys(('1.png', '2.png'), f'no regular file, but a {kind}')
    with pytest.raises(ValueError, match=r"file '.*1\.png' is no regular file"):
        source.read('1.png')
    special(tmp_path / 'it.zip', kind)
    with pytest.raises(ValueError, match=r"folder or archive '.*it\.zip' is no regular file"):
        open_source(tmp_path / 'it.zip')


def test_a_fifo_in_an_archive_is_named(tmp_path):
    (tmp_path / 'set').mkdir()
    os.mkfifo(tmp_path / 'set/1.png')
    files(tmp_path, {'set/0.png': b'zero'})
    source = open_source(tarred(tmp_path / 'set', tmp_path / 'it.tar'))
    assert source.names == ['0.png'] and source.left_out == {'1.png': 'no regular file, but a device or FIFO'}


@pytest.mark.parametrize('name', ['it.zip', 'it.tar', 'folder'])
def test_an_image_is_bounded_by_its_declared_size(tmp_path, monkeypatch, name):
    files(tmp_path / 'set', {'0.png': b'0' * 999, '1.png': b'1' * 1001})
    place = {'it.zip': zipped, 'it.tar': tarred}.get(name, lambda folder, path: folder)(tmp_path / 'set', tmp_path / name)
    for module in (archives, folder):
        monkeypatch.setattr(module, 'MAX_FILE_BYTES', 1000)
    source = open_source(place)
    assert source.read('0.png') == b'0' * 999
    with pytest.raises(ValueError, match=r'1\.png has 1,001 bytes, but at most 1,000 are read'):
        source.read('1.png')


def test_a_tar_that_is_cut_off_names_the_image(tmp_path):
    files(tmp_path / 'set', {'0.png': b'0' * 5000})
    path = tarred(tmp_path / 'set', tmp_path / 'it.tar')
    source = open_source(path)
    os.truncate(path, 3000)
    with pytest.raises(ValueError, match=r'it\.tar: 0\.png: the archive ends after \d+ of 5000 bytes'):
        source.read('0.png')


def test_an_entry_that_is_there_twice_is_named(tmp_path):
    with tarfile.open(tmp_path / 'it.tar', 'w') as archive:
        for name in ('first.png', 'second.png'):
            files(tmp_path, {name: name.encode()})
            archive.add(tmp_path / name, 'a.png')
    source = open_source(tmp_path / 'it.tar')
    assert source.names == ['a.png'] and source.read('a.png') == b'second.png'
    assert source.left_out == {'a.png (an earlier entry)': 'replaced by a later entry of the same name'}
