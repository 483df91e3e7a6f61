"""Reading the LMDB files of this project: one environment per file and process, checked before any page is touched.

Format: a single file holding ``count`` records under the keys ``00000000``, ``00000001``, ..., optional named arrays
(:meth:`LMDBReader.array`) and one record of JSON metadata, always with

==============  ====================================================================
format          ``'ibgan_plugin.lmdb'``
format_version  :data:`FORMAT_VERSION`
kind            what the records are, e.g. ``'dsprites'``
source          what the file was made from
layout          what else is needed to understand the records
inputs          number of inputs the file was made from
skipped         numbers of the inputs that gave no record
count           number of records
checksum        CRC-32 of all records, one after the other
arrays          ``{name: {dtype, shape}}``
complete        false until all records are there
==============  ====================================================================
"""
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import lmdb
import numpy as np

from ibgan_plugin.datasets.store.seal import damage
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

FORMAT = 'ibgan_plugin.lmdb'
FORMAT_VERSION = 1
METADATA_KEY = b'__metadata__'
#: Files up to this size, in bytes, are verified whole when they are first opened (about a second a gigabyte).
VERIFIED_SIZE = 2 << 30


class _Open(NamedTuple):
    """An open file: the process it belongs to, LMDB's environment, and a handle of our own to ask for its size."""
    pid: int
    env: lmdb.Environment
    file: BinaryIO
    size: int

    def close(self) -> None:
        self.env.close()
        self.file.close()


# LMDB opens a file once per process; an environment must not be used across a fork.
_files: dict[Path, _Open] = {}
_lock = threading.Lock()
# Files found sound in this process or the one it was forked from, with their size and time of change.
_verified: dict[Path, tuple[int, int]] = {}


class StoreError(IBGANError):
    """A file that is not a complete store of the expected kind and version; the message names it and what is wrong."""


def record_key(number: int) -> bytes:
    """LMDB key of a record."""
    return b'%08d' % number


def check_store(path: str | Path) -> Path:
    """``path``, if a file is there.

    Raises:
        IBGANError: If there is none, or it is a folder, a FIFO, a device or a link to one.
    """
    path = Path(path)
    if path.is_dir():
        raise IBGANError(f'{path} is a folder, but must be the LMDB file itself')
    if not path.exists():
        raise IBGANError(f'{path} does not exist; make it with tools/prepare_data.py')
    return check_regular_file(path, 'LMDB file')


def open_readonly(path: Path) -> lmdb.Environment:
    """Open an LMDB file for reading after checking that all its pages are there.

    Only the two header pages are read for that: touching a page beyond the end of a truncated file would kill the process.

    Raises:
        IBGANError: As :func:`check_store`.
        StoreError: If it is no LMDB file or is truncated.
    """
    size = check_store(path).stat().st_size
    try:
        env = lmdb.open(str(path), subdir=False, readonly=True, create=False, lock=False, readahead=False)
    except lmdb.Error as error:
        raise StoreError(f'{path} ({size} bytes) is not an LMDB file, or its start is damaged; '
                         'delete it and prepare it again') from error
    needed = (env.info()['last_pgno'] + 1) * env.stat()['psize']
    if size < needed:
        env.close()
        raise StoreError(f'{path} is truncated: {size} of {needed} bytes; delete it and prepare it again')
    return env


def _environment(path: Path) -> lmdb.Environment:
    """This process's environment of a file, opened on first use.

    Raises:
        StoreError: If the file was cut off since: reading beyond its end would kill the process without a word (SIGBUS).
    """
    with _lock:
        opened = _files.get(path)
        if opened is None or opened.pid != os.getpid():
            if opened is not None:
                opened.close()  # inherited over a fork
            env, file = open_readonly(path), path.open('rb')
            opened = _files[path] = _Open(os.getpid(), env, file, os.fstat(file.fileno()).st_size)
    size = os.fstat(opened.file.fileno()).st_size
    if size < opened.size:
        raise StoreError(f'{path} was cut off while it was read: {size} of {opened.size} bytes are left; prepare it again')
    return opened.env


def _check_seal(path: Path) -> None:
    """Verify a file's checksum, once a process; larger ones than ``VERIFIED_SIZE`` are taken on trust."""
    stat = path.stat()
    state = (stat.st_size, stat.st_mtime_ns)
    if stat.st_size > VERIFIED_SIZE or _verified.get(path) == state:
        return
    problem = damage(path)
    if problem:
        raise StoreError(f'{path} {problem}; delete it and prepare it again')
    _verified[path] = state


def read_metadata(path: Path, txn: lmdb.Transaction) -> dict[str, Any]:
    """The metadata record of a store.

    Raises:
        StoreError: If there is none, or it is not this project's.
    """
    text = txn.get(METADATA_KEY)
    try:
        metadata = json.loads(bytes(text or b''))
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict) or metadata.get('format') != FORMAT:
        raise StoreError(f'{path} has no {FORMAT!r} metadata record; it was not made by tools/prepare_data.py')
    return metadata


def forget(path: str | Path) -> None:
    """Close this process's environment of a file, if there is one: call it after replacing the file."""
    with _lock:
        opened = _files.pop(Path(path).resolve(), None)
        if opened is not None:
            opened.close()


class LMDBReader:
    """Read access to a store; holds no handle itself, so it can be pickled, forked and spawned.

    Args:
        path: The LMDB file.
        kind: The expected kind of records.

    Raises:
        IBGANError: If there is no such file.
        StoreError: If the file is damaged, or of another format, version or kind.
    """

    def __init__(self, path: str | Path, kind: str):
        self.path = Path(path).resolve()
        env = _environment(self.path)
        _check_seal(self.path)
        with env.begin() as txn:
            self.metadata = read_metadata(self.path, txn)
            entries = txn.stat()['entries']
        self._check('format_version', FORMAT_VERSION)
        self._check('kind', kind)
        self._check('complete', True)
        expected = len(self) + len(self.metadata['arrays']) + 1
        if entries != expected:
            raise StoreError(f'{self.path} holds {entries} entries, but its metadata promise {expected}')

    def _check(self, field: str, expected: Any) -> None:
        if self.metadata.get(field) != expected:
            raise StoreError(f'{self.path}: {field} is {self.metadata.get(field)!r}, but this version reads {expected!r}; '
                             'prepare the file again')

    def __len__(self) -> int:
        return self.metadata['count']

    @contextmanager
    def fetching(self) -> Iterator[Callable[[bytes], memoryview]]:
        """A read transaction, as the function from key to value; values are views, valid inside the ``with`` block only."""
        with _environment(self.path).begin(buffers=True) as txn:
            yield txn.get  # type: ignore[misc]

    def array(self, name: str) -> np.ndarray:
        """A copy of a named array.

        Raises:
            KeyError: If the store has none of that name.
        """
        if name not in self.metadata['arrays']:
            raise KeyError(f'{self.path} has no array {name!r}, only {sorted(self.metadata["arrays"])}')
        layout = self.metadata['arrays'][name]
        with self.fetching() as get:
            return np.frombuffer(get(array_key(name)), dtype=layout['dtype']).reshape(layout['shape']).copy()

    def verify(self) -> None:
        """Read every record and compare the checksum.

        Raises:
            StoreError: If a record is missing or the checksum differs.
        """
        checksum = 0
        with self.fetching() as get:
            for number in range(len(self)):
                record = get(record_key(number))
                if record is None:
                    raise StoreError(f'{self.path} lacks record {number} of {len(self)}')
                checksum = zlib.crc32(record, checksum)
        if checksum != self.metadata['checksum']:
            raise StoreError(f'{self.path}: checksum of the records is {checksum:08x}, '
                             f'but the metadata say {self.metadata["checksum"]:08x}; prepare the file again')


def array_key(name: str) -> bytes:
    """LMDB key of a named array."""
    return f'array:{name}'.encode()
