import errno
import json
import os
import pickle
import subprocess
import sys
import zlib

import lmdb
import numpy as np
import pytest

from ibgan_plugin.datasets.store import reader, writer
from ibgan_plugin.datasets.store.reader import LMDBReader, StoreError, forget, record_key
from ibgan_plugin.datasets.store.seal import FOOTER_SIZE, seal
from ibgan_plugin.datasets.store.writer import Job, build

RECORDS = [bytes([number]) * (50_000 + number) for number in range(60)]


def job(**changes):
    fields = dict(kind='numbers', source='made up', inputs=len(RECORDS), records=lambda start: iter(RECORDS[start:]))
    return Job(**{**fields, **changes})


@pytest.fixture(autouse=True)
def small_transactions(monkeypatch):
    monkeypatch.setattr(writer, '_BYTES_PER_TRANSACTION', 500_000)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / 'numbers.lmdb'
    build(path, job(layout={'sizes': (1, 2)}, arrays=lambda skipped: {'squares': np.arange(60)[:, None]**2}))
    return path


def read(path):
    reader = LMDBReader(path, 'numbers')
    with reader.fetching() as get:
        return [bytes(get(record_key(number))) for number in range(len(reader))]


def rewrite_metadata(path, **changes):
    forget(path)
    os.truncate(path, path.stat().st_size - FOOTER_SIZE)
    with lmdb.open(str(path), subdir=False, lock=False) as env, env.begin(write=True) as txn:
        metadata = json.loads(txn.get(b'__metadata__'))
        txn.put(b'__metadata__', json.dumps({**metadata, **changes}).encode())
    seal(path)


def test_what_is_written_is_read(store):
    assert read(store) == RECORDS
    reader = LMDBReader(store, 'numbers')
    reader.verify()
    assert reader.metadata == {
        'format': 'ibgan_plugin.lmdb', 'format_version': 1, 'kind': 'numbers', 'source': 'made up', 'layout': {'sizes': [1, 2]},
        'inputs': 60, 'skipped': [], 'count': 60, 'checksum': zlib.crc32(b''.join(RECORDS)),
        'arrays': {'squares': {'dtype': '<i8', 'shape': [60, 1]}}, 'complete': True}
    np.testing.assert_array_equal(reader.array('squares')[:, 0], np.arange(60)**2)
    with pytest.raises(KeyError, match=r"no array 'cubes', only \['squares'\]"):
        reader.array('cubes')


def test_nothing_else_stays_in_the_folder(store):
    assert sorted(path.name for path in store.parent.iterdir() if not path.name.endswith('.lock')) == ['numbers.lmdb']


def test_a_finished_store_is_not_built_again(store):
    before = store.stat().st_mtime_ns
    assert build(store, job(records=lambda start: pytest.fail('built again'))) == []
    assert store.stat().st_mtime_ns == before


def test_overwrite_replaces_it_even_while_open(store):
    assert read(store) == RECORDS
    build(store, job(inputs=1, records=lambda start: [b'new']), overwrite=True)
    assert read(store) == [b'new']


def test_skipped_inputs_leave_no_gap(tmp_path):
    path = tmp_path / 'numbers.lmdb'
    records = [None if number in (0, 31, 59) else record for number, record in enumerate(RECORDS)]
    assert build(path, job(records=lambda start: records[start:])) == [0, 31, 59]
    assert read(path) == [record for record in records if record is not None]
    assert LMDBReader(path, 'numbers').metadata['skipped'] == [0, 31, 59]


def test_an_interrupted_build_goes_on(tmp_path):
    path = tmp_path / 'numbers.lmdb'
    started = []

    def records(start, stop_at):
        started.append(start)
        for number in range(start, len(RECORDS)):
            if number == stop_at:
                raise KeyboardInterrupt
            yield None if number == 2 else RECORDS[number]

    with pytest.raises(KeyboardInterrupt):
        build(path, job(records=lambda start: records(start, 35)))
    assert not path.exists()
    assert build(path, job(records=lambda start: records(start, None))) == [2]
    assert started[0] == 0 and 20 <= started[1] <= 35
    assert read(path) == RECORDS[:2] + RECORDS[3:]
    LMDBReader(path, 'numbers').verify()


@pytest.mark.parametrize('change', [dict(source='another'), dict(layout={'crop': 1}), dict(inputs=59)])
def test_another_jobs_remains_are_not_used(tmp_path, change):
    path = tmp_path / 'numbers.lmdb'

    def stopping(start):
        yield from RECORDS[:30]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(path, job(records=stopping))
    build(path, job(records=lambda start: [b'other'] * 60 if start == 0 else pytest.fail('continued'), **change))
    assert set(read(path)) == {b'other'}


@pytest.mark.parametrize('remains', [b'', b'rubbish', b'x' * 100_000])
def test_unreadable_remains_are_replaced(tmp_path, remains):
    path = tmp_path / 'numbers.lmdb'
    (tmp_path / 'numbers.lmdb.part').write_bytes(remains)
    build(path, job())
    assert read(path) == RECORDS


def test_truncated_remains_are_replaced(store):
    part = store.with_name('again.lmdb.part')
    forget(store)
    store.rename(part)
    rewrite_metadata(part, complete=False)
    os.truncate(part, part.stat().st_size // 2)
    build(part.with_name('again.lmdb'), job())
    assert read(part.with_name('again.lmdb')) == RECORDS


def test_too_few_records_are_an_error(tmp_path):
    path = tmp_path / 'numbers.lmdb'
    with pytest.raises(RuntimeError, match=r'numbers\.lmdb: only 3 of 60 inputs were given'):
        build(path, job(records=lambda start: RECORDS[:3]))
    assert not path.exists()


def test_a_disk_that_is_too_small_is_noticed_first(tmp_path):
    with pytest.raises(ValueError, match=r'numbers\.lmdb needs 1,\d{3},000,000,000,000,000 more bytes, but only [\d,]+ are free'):
        build(tmp_path / 'numbers.lmdb', job(size=1_000_000_000_000_000_000))
    assert not list(tmp_path.glob('*.part'))


FILL_THE_DISK = '''
import resource, sys
from pathlib import Path
from ibgan_plugin.datasets.store import reader, writer
writer._BYTES_PER_TRANSACTION = 500_000
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, -1))
records = [bytes([number]) * (50_000 + number) for number in range(60)]
try:
    writer.build(Path(sys.argv[1]), writer.Job('numbers', 'made up', 60, lambda start: records[start:]))
except ValueError as error:
    print(error)
'''


def test_a_disk_that_gets_full_keeps_what_was_written(tmp_path):
    path = tmp_path / 'numbers.lmdb'
    # A limit on the size of files stands for a full disk: writing fails in the same place.
    result = subprocess.run([sys.executable, '-c', FILL_THE_DISK, path], capture_output=True, text=True, timeout=60, check=True)
    assert f'could not write {path}.part (' in result.stdout and 'bytes are free on its disk)' in result.stdout
    assert '30 records are kept there: free some space and run this again' in result.stdout and not path.exists()
    started = []
    build(path, job(records=lambda start: started.append(start) or RECORDS[start:]))
    assert started == [30] and read(path) == RECORDS


def test_a_disk_that_gets_full_at_the_very_end(tmp_path, monkeypatch):
    path = tmp_path / 'numbers.lmdb'

    def full(part):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(writer, 'seal', full)
        with pytest.raises(ValueError, match=r'could not write .*numbers\.lmdb\.part \(.* No space left on device; 60 records'):
            build(path, job())
    assert not path.exists()
    build(path, job(records=lambda start: RECORDS[start:]))
    assert read(path) == RECORDS


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(ValueError, match=r'is a folder; name the LMDB file to make, such as .*\.lmdb'):
        build(tmp_path, job())
    with pytest.raises(ValueError, match='is a folder, but must be the LMDB file itself'):
        LMDBReader(tmp_path, 'numbers')


def test_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(ValueError, match=r'none\.lmdb does not exist; make it with tools/prepare_data\.py'):
        LMDBReader(tmp_path / 'none.lmdb', 'numbers')


@pytest.mark.parametrize('size', [0, 1, 4096])
def test_a_file_cut_in_its_header_is_reported(store, size):
    os.truncate(store, size)
    with pytest.raises(StoreError, match=rf'numbers\.lmdb \({size} bytes\) is not an LMDB file, or its start is damaged'):
        LMDBReader(store, 'numbers')


@pytest.mark.parametrize('keep', [0.1, 0.5, 0.999])
def test_a_truncated_file_is_reported_instead_of_killing_the_process(store, keep):
    whole = store.stat().st_size
    os.truncate(store, int(keep * whole))
    with pytest.raises(StoreError, match=rf'numbers\.lmdb is truncated: {int(keep * whole)} of {whole - FOOTER_SIZE} bytes'):
        LMDBReader(store, 'numbers')


@pytest.mark.parametrize(('change', 'message'), [
    (dict(format_version=2), r'numbers\.lmdb: format_version is 2, but this version reads 1'),
    (dict(kind='letters'), r"kind is 'letters', but this version reads 'numbers'"),
    (dict(complete=False), r'complete is False, but this version reads True'),
    (dict(count=59), r'holds 62 entries, but its metadata promise 61'),
    (dict(format='other'), r"has no 'ibgan_plugin\.lmdb' metadata record"),
])
def test_metadata_are_checked(store, change, message):
    rewrite_metadata(store, **change)
    with pytest.raises(StoreError, match=message):
        LMDBReader(store, 'numbers')


def test_an_lmdb_file_of_somebody_else_is_reported(tmp_path):
    path = tmp_path / 'other.lmdb'
    with lmdb.open(str(path), subdir=False, lock=False) as env, env.begin(write=True) as txn:
        txn.put(b'a', b'b')
    with pytest.raises(StoreError, match=r'other\.lmdb has no checksum at its end, so it was not finished by tools/prepare_data'):
        LMDBReader(path, 'numbers')
    seal(path)
    with pytest.raises(StoreError, match=r"other\.lmdb has no 'ibgan_plugin\.lmdb' metadata record"):
        LMDBReader(path, 'numbers')


@pytest.mark.parametrize(('verified_size', 'message'), [
    (1 << 30, 'is damaged: its content does not fit its checksum'),
    (0, 'checksum of the records is [0-9a-f]{8}, but the metadata say'),
])
def test_a_flipped_bit_is_found_on_opening_or_by_verify(store, monkeypatch, verified_size, message):
    monkeypatch.setattr(reader, 'VERIFIED_SIZE', verified_size)
    forget(store)
    content = bytearray(store.read_bytes())
    place = content.index(RECORDS[7][:1000])
    content[place + 500] ^= 1
    store.write_bytes(content)
    with pytest.raises(StoreError, match=rf'numbers\.lmdb:? {message}'):
        LMDBReader(store, 'numbers').verify()


def test_readers_of_one_file_share_its_environment_and_pickle(store):
    first, second = LMDBReader(store, 'numbers'), LMDBReader(str(store), 'numbers')
    with first.fetching() as get, second.fetching() as get_too:
        assert bytes(get(record_key(3))) == bytes(get_too(record_key(3)))
    copy = pickle.loads(pickle.dumps(first))
    assert copy.metadata == first.metadata
    with copy.fetching() as get:
        assert bytes(get(record_key(59))) == RECORDS[59]


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_a_forked_child_opens_the_file_itself(store):
    reader = LMDBReader(store, 'numbers')
    child = os.fork()
    if child == 0:
        with reader.fetching() as get:
            os._exit(0 if bytes(get(record_key(5))) == RECORDS[5] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with reader.fetching() as get:
        assert bytes(get(record_key(6))) == RECORDS[6]




@pytest.mark.parametrize('number', ['ENOLCK', 'EOPNOTSUPP', 'EINVAL', 'EACCES'])
def test_where_files_can_not_be_locked_a_line_names_the_file_and_the_way_out(tmp_path, monkeypatch, number):
    def refuse(fd, operation):
        code = getattr(errno, number)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr('fcntl.flock', refuse)
    if number == 'EACCES':  # from flock it means that another holds the lock
        monkeypatch.setattr('filelock.FileLock.acquire', lambda self, **options: refuse(0, 0))
        message = r'numbers\.lmdb can not be written: Permission denied'
    else:
        message = r'numbers\.lmdb: files can not be locked in its folder \(.*\), .* on a local disk, then move it here'
    with pytest.raises(ValueError, match=message):
        build(tmp_path / 'numbers.lmdb', job())
    assert not (tmp_path / 'numbers.lmdb').exists()
