"""Reading one array of an ``.npz`` piece by piece: gigabytes are never in memory at once, and nothing is unpickled.

No more is read than the rows that are asked for, whatever the file claims to hold.
"""
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

#: What zipfile raises for damaged members; the last two for unknown compressions and encryption.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class NpzArray:
    """An array in an ``.npz`` file, checked on opening.

    Args:
        path: The ``.npz``.
        name: Of the array.
        dtype: Type it must have.
        shape: Shape it must have.

    Attributes:
        checksum: CRC-32 of the stored array, as the zip file states it.

    Raises:
        IBGANError: If the file does not exist, is no zip file, lacks the array, or the array has the wrong type or shape.
    """

    def __init__(self, path: str | Path, name: str, dtype: str, shape: tuple[int, ...]):
        self.path, self.name, self.dtype, self.shape = Path(path), name, np.dtype(dtype), shape
        if not self.path.exists():
            raise IBGANError(f'{self.path} does not exist')
        check_regular_file(self.path)
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = {member.filename: member for member in archive.infolist()}
                if self._member not in members:
                    raise IBGANError(f'{self.path} has no array {name!r}, only {sorted(members)}')
                self.checksum = members[self._member].CRC
                with archive.open(self._member) as stream:
                    self._read_header(stream)
        except (*_DAMAGE, ValueError) as error:
            if isinstance(error, IBGANError):
                raise
            raise IBGANError(f'{self.path} is damaged or not a zip file: {error}') from error

    @property
    def _member(self) -> str:
        return f'{self.name}.npy'

    def _read_header(self, stream: IO[bytes]) -> None:
        """Check the header, which leaves the stream at the first value."""
        try:
            version = np.lib.format.read_magic(stream)
            if version != (1, 0):  # later ones are for headers above 64 KiB: what they claim is read before it is checked
                raise ValueError(f'the format is version {version}, but must be (1, 0)')
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        except (ValueError, MemoryError, RecursionError) as error:  # of the parser, where brackets are nested by the thousand
            raise IBGANError(f'{self.path}: {self.name} is no numpy array: {error}') from error
        if shape != self.shape or fortran or dtype != self.dtype:
            raise IBGANError(f'{self.path}: {self.name} is {dtype} of shape {list(shape)}, '
                             f'but must be {self.dtype} of shape {list(self.shape)}')

    def chunks(self, count: int, start: int = 0) -> Iterator[np.ndarray]:
        """The array from row ``start`` on, ``count`` rows at a time, read-only.

        Raises:
            IBGANError: If the file ends early or is damaged.
        """
        row = self.dtype.itemsize * int(np.prod(self.shape[1:]))
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self._member) as stream:
                self._read_header(stream)
                stream.seek(start * row, 1)
                for first in range(start, self.shape[0], count):
                    rows = min(count, self.shape[0] - first)
                    data = stream.read(rows * row)
                    if len(data) < rows * row:
                        raise EOFError(f'{self.name} ends early')
                    yield np.frombuffer(data, dtype=self.dtype).reshape(rows, *self.shape[1:])
        except _DAMAGE as error:
            raise IBGANError(f'{self.path} is damaged: {error}') from error

    def read(self) -> np.ndarray:
        """The whole array, read-only."""
        return next(self.chunks(self.shape[0]))
