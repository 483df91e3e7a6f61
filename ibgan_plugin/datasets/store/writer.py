"""Writing the LMDB files of this project: atomic, resumable, by one process at a time.

Records go into ``<name>.part`` beside the target. Each transaction also writes the metadata, marked as incomplete, so a build
that was killed goes on after its last transaction; the finished file is flushed and renamed. ``reader`` has the format.
"""
import errno
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from ibgan_plugin.datasets.store.reader import (
    FORMAT,
    FORMAT_VERSION,
    METADATA_KEY,
    StoreError,
    array_key,
    forget,
    open_readonly,
    read_metadata,
    record_key,
)
from ibgan_plugin.datasets.store.seal import seal
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import put_in_place

# A transaction ends after so much; a kill loses no more than that.
_BYTES_PER_TRANSACTION, _SECONDS_PER_TRANSACTION = 8 << 20, 5

#: Named arrays to store for the inputs that were not skipped, from the numbers of those that were.
Arrays = Callable[[list[int]], dict[str, np.ndarray]]


def no_arrays(skipped: list[int]) -> dict[str, np.ndarray]:
    """For stores without any."""
    return {}


@dataclass
class Job:
    """A store to build.

    Attributes:
        kind: Kind of the records.
        source: What they are made from, down to its content: a store that is there is kept only if it says the same.
        inputs: Number of inputs.
        records: ``records(start)`` yields one record per input from ``start`` on, ``None`` for an input to skip. Must be
            deterministic: a resumed build continues where the previous one stopped.
        layout: Whatever else a reader needs to understand the records. JSON types only.
        arrays: ``arrays(skipped)`` gives named arrays to store, for the inputs that were not skipped.
        size: Expected size of the file in bytes, checked against the free space; 0 if unknown.
    """
    kind: str
    source: str
    inputs: int
    records: Callable[[int], Iterable[bytes | None]]
    layout: dict[str, Any] = field(default_factory=dict)
    arrays: Arrays = no_arrays
    size: int = 0

    def metadata(self) -> dict[str, Any]:
        """The metadata before the first record."""
        identity = {'format': FORMAT, 'format_version': FORMAT_VERSION, 'kind': self.kind, 'source': self.source,
                    'inputs': self.inputs, 'layout': self.layout}
        progress: dict[str, Any] = {'complete': False, 'count': 0, 'checksum': 0, 'skipped': [], 'arrays': {}}
        return json.loads(json.dumps({**identity, **progress}))  # as they will be read back: tuples become lists


def build(path: Path, job: Job, overwrite: bool = False) -> list[int]:
    """Build a store unless it is there already; wait if another process is building it.

    Args:
        path: The LMDB file to make; its folder is made too.
        job: What to put there.
        overwrite: Replace a finished store.

    Returns:
        Numbers of the inputs that were skipped; empty if the store was there.

    Raises:
        IBGANError: If ``path`` is a folder, or the disk is too small or gets full. What was written so far is kept for the next
            attempt.
    """
    if path.is_dir():
        raise IBGANError(f'{path} is a folder; name the LMDB file to make, such as {path / path.name}.lmdb')
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f'.{path.name}.lock'))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f'Another process is preparing {path}: waiting for it.', flush=True)
        lock.acquire()
    except OSError as error:
        raise _no_lock(path, error) from error
    try:
        if path.exists() and not overwrite:
            return []
        return _build(path, job)
    finally:
        lock.release()


def _no_lock(path: Path, error: OSError) -> IBGANError:
    """What to tell where the file that keeps two builds apart can not be made or locked."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.ENOENT):
        return IBGANError(f'{path} can not be written: {error.strerror}')
    return IBGANError(f'{path}: files can not be locked in its folder ({error.strerror}), so that nothing would keep two runs '
                      'from writing it at once; make it in a folder on a local disk, then move it here: reading needs no lock')


def _build(path: Path, job: Job) -> list[int]:
    part = path.with_name(f'{path.name}.part')
    metadata = _resumable(part, job)
    needed = job.size - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise IBGANError(f'{path} needs {needed:,} more bytes, but only {free:,} are free in {path.parent}')
    # The map bounds the file and takes address space only.
    env = lmdb.open(str(part), subdir=False, lock=False, map_size=(4 * job.size or 1 << 40) + (1 << 26))
    try:
        _write_records(env, job, metadata, path.name)
        _complete(env, job, metadata)
        pages, page = env.info()['last_pgno'] + 1, env.stat()['psize']
    except lmdb.Error as error:
        raise _disk_error(part, metadata, error) from error
    finally:
        env.close()
    try:
        if part.stat().st_size < pages * page:  # a last page that was allocated, but never written
            os.truncate(part, pages * page)
        seal(part)
    except OSError as error:
        raise _disk_error(part, metadata, error) from error
    forget(path)
    put_in_place(part, path)
    return metadata['skipped']


def _disk_error(part: Path, metadata: dict[str, Any], error: Exception) -> IBGANError:
    """What to tell when writing failed, which LMDB calls an input/output error when the disk is full."""
    free = shutil.disk_usage(part.parent).free
    return IBGANError(f'could not write {part} ({free:,} bytes are free on its disk): {error}; {metadata["count"]} records are '
                      'kept there: free some space and run this again')


def _resumable(part: Path, job: Job) -> dict[str, Any]:
    """Metadata of an earlier attempt at the same job, else of a new one; a partial file of no use is removed."""
    fresh = job.metadata()
    if not part.exists():
        return fresh
    try:
        with open_readonly(part) as env, env.begin() as txn:
            found = read_metadata(part, txn)
        # Without a single record there is nothing to win, and the inputs may have been mended.
        if found['count'] and all(found[key] == fresh[key] for key in ('format_version', 'kind', 'source', 'inputs', 'layout')):
            return {**found, 'complete': False}
    except (StoreError, KeyError):
        pass
    part.unlink()
    return fresh


def _write_records(env: lmdb.Environment, job: Job, metadata: dict[str, Any], name: str) -> None:
    start = metadata['count'] + len(metadata['skipped'])
    pending: list[bytes | None] = []
    size, since = 0, time.monotonic()
    with tqdm(total=job.inputs, initial=start, desc=name, unit='record', smoothing=0.05) as bar:
        for record in islice(job.records(start), job.inputs - start):
            pending.append(record)
            size += len(record or b'')
            if size >= _BYTES_PER_TRANSACTION or time.monotonic() - since > _SECONDS_PER_TRANSACTION:
                _commit(env, pending, metadata)
                pending, size, since = [], 0, time.monotonic()
            bar.update()
        _commit(env, pending, metadata)
    given = metadata['count'] + len(metadata['skipped'])
    if given < job.inputs:
        raise RuntimeError(f'{name}: only {given} of {job.inputs} inputs were given')


def _commit(env: lmdb.Environment, pending: list[bytes | None], metadata: dict[str, Any]) -> None:
    """Write records and how far that brings the build, in one transaction."""
    ahead = {**metadata, 'skipped': list(metadata['skipped'])}
    with env.begin(write=True) as txn:
        for record in pending:
            if record is None:
                ahead['skipped'].append(ahead['count'] + len(ahead['skipped']))
                continue
            txn.put(record_key(ahead['count']), record)
            ahead['count'] += 1
            ahead['checksum'] = zlib.crc32(record, ahead['checksum'])
        txn.put(METADATA_KEY, json.dumps(ahead).encode())
    metadata.update(ahead)  # only once they are written


def _complete(env: lmdb.Environment, job: Job, metadata: dict[str, Any]) -> None:
    arrays = job.arrays(metadata['skipped'])
    metadata['arrays'] = {name: {'dtype': array.dtype.str, 'shape': list(array.shape)} for name, array in arrays.items()}
    with env.begin(write=True) as txn:
        for name, array in arrays.items():
            txn.put(array_key(name), np.ascontiguousarray(array).tobytes())
        txn.put(METADATA_KEY, json.dumps({**metadata, 'complete': True}).encode())
