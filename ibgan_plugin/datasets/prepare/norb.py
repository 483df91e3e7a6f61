"""SmallNORB (LeCun, Huang and Bottou, 2004): grey photographs of 50 toys, in a binary matrix format of their own."""
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.utils.errors import IBGANError

#: The published factors category, elevation, azimuth and lighting, and the toy within its category, which other code draws
#: at random: every image has its own place in this grid.
NORB_GRID = FactorGrid(('category', 'instance', 'elevation', 'azimuth', 'lighting'), (5, 10, 9, 18, 6))
_PARTS = ('smallnorb-5x46789x9x18x6x2x96x96-training', 'smallnorb-5x01235x9x18x6x2x96x96-testing')
_TYPES: dict[int, np.dtype] = {0x1E3D4C55: np.dtype('u1'), 0x1E3D4C54: np.dtype('<i4')}
_PER_PART, _BLOCK = 24_300, 512


def read_matrix(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix file, mapped into memory: a magic number for the type, the number of dimensions, their sizes (at least three
    are written), the values; all little-endian.

    Raises:
        IBGANError: If it does not exist.
        IBGANError: If it is truncated, or of another type or shape.
    """
    if not path.is_file():
        raise IBGANError(f'{path} does not exist (unpack the .gz first)')
    head = np.fromfile(path, dtype='<i4', count=2)
    if len(head) < 2 or int(head[0]) not in _TYPES:
        raise IBGANError(f'{path} is not a NORB matrix file')
    dtype, dimensions = _TYPES[int(head[0])], int(head[1])
    written = np.fromfile(path, dtype='<i4', count=2 + max(dimensions, 3))[2:]
    if tuple(written[:dimensions]) != shape:
        raise IBGANError(f'{path} has the shape {written[:dimensions].tolist()}, but must have {list(shape)}')
    offset = 4 * (2 + max(dimensions, 3))
    needed = offset + dtype.itemsize * int(np.prod(shape))
    if path.stat().st_size < needed:
        raise IBGANError(f'{path} is truncated: {path.stat().st_size} of {needed} bytes')
    return np.memmap(path, dtype=dtype, mode='r', offset=offset, shape=shape)


def open_smallnorb(folder: Path) -> Callable[[int], Iterator[np.ndarray]]:
    """Blocks of the left camera's images uint8 [n, 96, 96, 1] in the order of :data:`NORB_GRID`.

    Args:
        folder: Holds the six unpacked files ``smallnorb-*-{dat,cat,info}.mat``.

    Raises:
        IBGANError: If a file is missing.
        IBGANError: If a file is damaged, or the images are not one for each combination.
    """
    images = [read_matrix(folder / f'{part}-dat.mat', (_PER_PART, 2, 96, 96)) for part in _PARTS]
    category = np.concatenate([read_matrix(folder / f'{part}-cat.mat', (_PER_PART,)) for part in _PARTS])
    info = np.concatenate([read_matrix(folder / f'{part}-info.mat', (_PER_PART, 4)) for part in _PARTS])
    instance, elevation, azimuth, lighting = info.T
    try:
        index = NORB_GRID.to_index(np.stack([category, instance, elevation, azimuth // 2, lighting], axis=1))
    except ValueError as error:
        raise IBGANError(f'{folder}: {error}') from error
    order = np.argsort(index)
    if not (index[order] == np.arange(len(NORB_GRID))).all():
        raise IBGANError(f'{folder}: the images are not one for each combination of {", ".join(NORB_GRID.names)}')

    def blocks(start: int) -> Iterator[np.ndarray]:
        for first in range(start, len(order), _BLOCK):
            places = order[first:first + _BLOCK]
            yield np.stack([images[place // _PER_PART][place % _PER_PART, 0, :, :, None] for place in places])

    return blocks
