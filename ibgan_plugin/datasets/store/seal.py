"""A checksum at the end of a file, by which damage is found before anything in it is trusted.

LMDB follows the page numbers it finds: in a damaged file they may lead beyond its end, which kills the process. So a finished file
gets 16 bytes behind its last page, which LMDB never looks at: ``IBGANCRC``, four zero bytes and the CRC-32 of all before.
"""
import struct
import zlib
from pathlib import Path

#: Bytes that :func:`seal` appends.
FOOTER_SIZE = 16
_FOOTER = struct.Struct('<8s4xI')
_MAGIC = b'IBGANCRC'
_CHUNK = 1 << 22


def seal(path: Path) -> None:
    """Append the footer to a finished file."""
    checksum = _crc32(path, path.stat().st_size)
    with path.open('ab') as file:
        file.write(_FOOTER.pack(_MAGIC, checksum))


def damage(path: Path) -> str | None:
    """What is wrong with a sealed file, None if nothing is; reads all of it, about a gigabyte a second."""
    size = path.stat().st_size - FOOTER_SIZE
    footer = b''
    with path.open('rb') as file:
        if size >= 0:
            file.seek(size)
            footer = file.read()
    magic, checksum = _FOOTER.unpack(footer) if len(footer) == FOOTER_SIZE else (b'', 0)
    if magic != _MAGIC:
        return 'has no checksum at its end, so it was not finished by tools/prepare_data.py'
    if checksum != _crc32(path, size):
        return 'is damaged: its content does not fit its checksum'
    return None


def _crc32(path: Path, size: int) -> int:
    """CRC-32 of the first ``size`` bytes."""
    checksum = 0
    with path.open('rb') as file:
        while size > 0:
            chunk = file.read(min(size, _CHUNK))
            if not chunk:
                break
            checksum = zlib.crc32(chunk, checksum)
            size -= len(chunk)
    return checksum
