"""Official files that hold images as arrays: HDF5 (Shapes3D), ``.npz`` (MPI3D), MATLAB (Cars3D).

Nothing outside the file that was named is read, and no more memory is taken than a few images need, whatever a file claims.
"""
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.io import loadmat

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.npz_stream import NpzArray
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

#: Images that are read at a time.
BLOCK = 512
#: Bytes that one piece of a file may take when it is unpacked: a chunk of HDF5, a car.
MAX_PIECE_BYTES = 1 << 28
#: HDF5's own filters (deflate, shuffle, Fletcher's checksum, szip, nbit, scale-offset) and LZF: others would load a library.
_FILTERS = (1, 2, 3, 4, 5, 6, 32000)


class Arrays(NamedTuple):
    """Images of official files, in the order of their grid.

    Attributes:
        blocks: ``blocks(start)`` gives images uint8 [n, H, W, C] from image ``start`` on.
        digest: Names the content of the files.
    """
    blocks: Callable[[int], Iterator[np.ndarray]]
    digest: str


#: From a path and the grid of its images to the images.
Opener = Callable[[Path, FactorGrid], Arrays]


def content(paths: Iterable[Path]) -> str:
    """CRC-32 of regular files, one after the other, in words.

    Raises:
        IBGANError: If one is no regular file.
    """
    checksum = 0
    for path in paths:
        with check_regular_file(path).open('rb') as file:
            while piece := file.read(1 << 22):
                checksum = zlib.crc32(piece, checksum)
    return f'CRC-32 {checksum:08x}'


def open_npz(path: Path, grid: FactorGrid) -> Arrays:
    """The array ``images`` uint8 [N, 64, 64, 3] of an ``.npz``."""
    images = NpzArray(path, 'images', 'u1', (len(grid), 64, 64, 3))
    return Arrays(lambda start: images.chunks(BLOCK, start), f'images CRC-32 {images.checksum:08x}')


def open_shapes3d(path: Path, grid: FactorGrid) -> Arrays:
    """The data set ``images`` uint8 [N, 64, 64, 3] of an HDF5 file, which must lie in the file itself."""
    if not path.exists():
        raise IBGANError(f'{path} does not exist')
    check_regular_file(path)
    try:
        import h5py
    except ImportError as error:
        raise IBGANError(f'{path} is an HDF5 file: reading it needs h5py (pip install h5py)') from error
    try:
        with h5py.File(path, 'r') as file:
            _check_hdf5(path, file, (len(grid), 64, 64, 3))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        if isinstance(error, IBGANError):
            raise
        raise IBGANError(f'{path} is damaged or not an HDF5 file: {error}') from error

    def blocks(start: int) -> Iterator[np.ndarray]:
        with h5py.File(path, 'r') as file:
            for first in range(start, len(grid), BLOCK):
                try:
                    block = file['images'][first:first + BLOCK]
                except (OSError, RuntimeError) as error:
                    raise IBGANError(f'{path} is damaged at image {first} or shortly after: {error}') from error
                yield block

    return Arrays(blocks, content([path]))


def _check_hdf5(path: Path, file: Any, shape: tuple[int, ...]) -> None:
    """Whether ``images`` is what it should be and, without reading it, that reading it opens no other file or library."""
    import h5py
    if 'images' not in file.keys():  # noqa: SIM118 - `in file` would follow a link to another file
        raise IBGANError(f'{path} has no data set \'images\', only {sorted(file.keys())}')
    if not isinstance(file.get('images', getlink=True), h5py.HardLink):
        raise IBGANError(f'{path}: images is a link, but must lie in the file itself')
    images = file['images']
    if not isinstance(images, h5py.Dataset) or images.shape != shape or images.dtype != np.uint8:
        found = f'{images.dtype} of shape {list(images.shape)}' if isinstance(images, h5py.Dataset) else 'no array'
        raise IBGANError(f'{path}: images is {found}, but must be uint8 of shape {list(shape)}')
    if images.external or images.is_virtual:
        raise IBGANError(f'{path}: images is stored in other files, but must lie in the file itself')
    settings = images.id.get_create_plist()
    filters = [settings.get_filter(number)[0] for number in range(settings.get_nfilters())]
    if not set(filters) <= set(_FILTERS):
        raise IBGANError(f'{path}: images is packed by a filter ({max(filters)}) that would load a library')
    if images.chunks and np.prod([float(side) for side in images.chunks]) > MAX_PIECE_BYTES:
        raise IBGANError(f'{path}: images is stored in chunks of {list(images.chunks)}, more than {MAX_PIECE_BYTES:,} bytes each')


def open_cars3d(path: Path, grid: FactorGrid) -> Arrays:
    """A folder of ``.mat`` files, one a car, each with ``im`` uint8 [H, W, 3, 24, 4]: azimuth, elevation."""
    objects, azimuths, elevations = grid.sizes
    files = sorted(path.rglob('*.mat'))
    if len(files) != objects:
        raise IBGANError(f'{path} holds {len(files)} .mat files, but Cars3D has {objects}')

    def blocks(start: int) -> Iterator[np.ndarray]:
        first, done = divmod(start, azimuths * elevations)
        for file in files[first:]:
            images = _read_mat(file, 'im')
            if images.ndim != 5 or images.shape[2:] != (3, azimuths, elevations) or images.dtype != np.uint8:
                raise IBGANError(f'{file}: im is {images.dtype} of shape {list(images.shape)}, '
                                 f'but must be uint8 of shape [H, W, 3, {azimuths}, {elevations}]')
            yield images.transpose(3, 4, 0, 1, 2).reshape(-1, *images.shape[:3])[done:]
            done = 0

    return Arrays(blocks, content(files))


def _read_mat(path: Path, name: str) -> np.ndarray:
    """An array of a MATLAB file."""
    check_regular_file(path)
    try:
        if _unpacked_size(path) > MAX_PIECE_BYTES:
            raise IBGANError(f'{path} has more than {MAX_PIECE_BYTES:,} bytes unpacked')
        return np.asarray(loadmat(path, variable_names=[name])[name])
    except IBGANError:
        raise
    except Exception as error:  # on damaged data the parser raises whatever it trips over
        raise IBGANError(f'{path} is damaged or has no array {name!r}: {error}') from error


def _unpacked_size(path: Path) -> int:
    """Bytes of a MATLAB file of version 5 when its packed parts (type 15) are unpacked; counts no further than the limit."""
    data = path.read_bytes() if path.stat().st_size <= MAX_PIECE_BYTES else b''
    total, place = max(len(data), path.stat().st_size), 128
    order = '>' if data[126:128] == b'MI' else '<'
    while place + 8 <= len(data) and total <= MAX_PIECE_BYTES:
        kind, size = struct.unpack(f'{order}II', data[place:place + 8])
        packed = zlib.decompressobj() if kind == 15 else None
        rest = data[place + 8:place + 8 + size]
        while packed is not None and rest and not packed.eof and total <= MAX_PIECE_BYTES:
            total += len(packed.decompress(rest, 1 << 20))
            rest = packed.unconsumed_tail
        place += 8 + size
    return total
