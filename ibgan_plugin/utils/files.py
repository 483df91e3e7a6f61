"""Files: written whole or not at all, and read only where they are files."""
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ibgan_plugin.utils.errors import IBGANError


def check_regular_file(path: str | Path, what: str = 'file') -> Path:
    """``path``, if it is a regular file or a link to one: a pipe would wait for a writer, and a device never ends.

    Raises:
        IBGANError: If it is not.
    """
    path = Path(path)
    if not path.exists():
        raise IBGANError(f'no {what} {str(path)!r}')
    if not path.is_file():
        raise IBGANError(f'{what} {str(path)!r} is {"a folder" if path.is_dir() else "no regular file"}')
    return path


def read_bytes(path: str | Path, limit: int) -> bytes:
    """Content of a regular file of at most ``limit`` bytes.

    Raises:
        IBGANError: If it is no regular file, or is larger.
        OSError: If it can not be read.
    """
    path = check_regular_file(path)
    with path.open('rb') as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise IBGANError(f'{path} has {path.stat().st_size:,} bytes, but at most {limit:,} are read')
    return content


def read_lines(path: str | Path, limit: int = 1 << 28) -> list[str]:
    """Lines of a text file in UTF-8 (with or without a byte order mark), of at most ``limit`` bytes, without their ends.

    They end in LF, CR LF or CR alone: what else Unicode counts as a line's end may stand in a cell of a table.

    Raises:
        IBGANError, OSError: As :func:`read_bytes`; if it is no such text.
    """
    try:
        text = read_bytes(path, limit).decode('utf-8-sig')
        return [line.rstrip('\n') for line in io.StringIO(text, newline=None)]
    except UnicodeDecodeError as error:
        raise IBGANError(f'{path} is no text in UTF-8: byte {error.start} is {error.object[error.start]:#04x}') from error


def check_name(path: str | Path) -> None:
    """Raise IBGANError unless the name of a file is text in UTF-8: no other can be written into a table or a list."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise IBGANError(f'the file {str(path)!r} has a name that is not UTF-8: rename it') from error


def check_suffix(path: str | Path, allowed: Sequence[str], what: str = 'the output file') -> None:
    """Raise IBGANError unless the name of a file ends in one of ``allowed``."""
    if Path(path).suffix not in allowed:
        raise IBGANError(f'{what} must end in {" or ".join(allowed)}, got {str(path)!r}')


def check_no_input(path: str | Path, inputs: Iterable[str | Path | None]) -> None:
    """Raise IBGANError if the file to write is one of those that are read: it would be lost."""
    place = Path(path).resolve()
    for name in inputs:
        if name is not None and Path(name).resolve() == place:
            raise IBGANError(f'the output file {str(path)!r} is an input: it would be replaced')


def check_writable(path: str | Path) -> Path:
    """``path``, if a file can be written there; makes its folder. Ask before minutes of work are lost for want of it.

    Raises:
        IBGANError: If it can not.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise IBGANError(f'{path} can not be written: it is {"a folder" if path.is_dir() else "no regular file"}')
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, 'ab'):
            pass
        part.unlink()
    except OSError as error:
        raise IBGANError(f'{path} can not be written: {error.strerror}') from error
    return path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A hidden sibling to write to, which takes the name ``path`` when the block ends, and is removed where it fails.

    Raises:
        IBGANError: If ``path`` is there and is not a regular file.
        OSError: If the disk is full or the folder can not be written; an old file of that name stays as it was.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise IBGANError(f'{path} can not be written: it is {"a folder" if path.is_dir() else "no regular file"}')
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    try:
        yield part
        put_in_place(part, path)
    except OSError as error:
        size = part.stat().st_size if part.exists() else 0
        raise OSError(error.errno, f'could not write {path} ({size / 2**20:.1f} MB so far): {error.strerror or error}') from error
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file whole or not at all, making its folder; text is written as UTF-8.

    Raises:
        IBGANError, OSError: As :func:`whole_file`.
    """
    with whole_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_npz(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write named numpy arrays as an ``.npz`` file, whole or not at all.

    Raises:
        IBGANError, OSError: As :func:`whole_file`.
    """
    import numpy as np
    with whole_file(path) as part, part.open('wb') as file:
        np.savez(file, **arrays)


def write_torch(path: str | Path, content: Any) -> None:
    """Write what ``torch.save`` takes, whole or not at all.

    Raises:
        IBGANError, OSError: As :func:`whole_file`.
    """
    import torch
    stream = io.BytesIO()
    torch.save(content, stream)
    write_whole(path, stream.getvalue())


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file its final name in the same folder; content and name have reached the disk when this returns."""
    _sync(part)
    os.replace(part, path)
    if os.name == 'posix':  # elsewhere a folder can not be opened
        _sync(path.parent)


def _part(path: Path) -> Path:
    return path.with_name(f'.{path.name}.part')


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
