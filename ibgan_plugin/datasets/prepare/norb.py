"""SmallNORB (LeCun, Huang and Bottou, 2004): grey photographs of 50 toys, in a binary matrix format of their own."""
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.prepare.arrays import BLOCK, Arrays, content
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

_PARTS = ('smallnorb-5x46789x9x18x6x2x96x96-training', 'smallnorb-5x01235x9x18x6x2x96x96-testing')
_TYPES: dict[int, np.dtype] = {0x1E3D4C55: np.dtype('u1'), 0x1E3D4C54: np.dtype('<i4')}


def read_matrix(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix file, mapped into memory: a magic number for the type, the number of dimensions, their sizes (at least three
    are written), the values; all little-endian.

    Raises:
        IBGANError: If it does not exist, is truncated, or of another type or shape.
    """
    if not path.exists():
        raise IBGANError(f'{path} does not exist (unpack the .gz first)')
    check_regular_file(path)
    head = np.fromfile(path, dtype='<i4', count=2)
    if len(head) < 2 or int(head[0]) not in _TYPES:
        raise IBGANError(f'{path} is not a NORB matrix file')
    dtype, dimensions = _TYPES[int(head[0])], int(head[1])
    if dimensions != len(shape):
        raise IBGANError(f'{path} has {dimensions} dimensions, but must have {len(shape)}')
    written = np.fromfile(path, dtype='<i4', count=2 + max(dimensions, 3))[2:]
    if tuple(written[:dimensions]) != shape:
        raise IBGANError(f'{path} has the shape {written[:dimensions].tolist()}, but must have {list(shape)}')
    offset = 4 * (2 + max(dimensions, 3))
    needed = offset + dtype.itemsize * int(np.prod(shape))
    if path.stat().st_size < needed:
        raise IBGANError(f'{path} is truncated: {path.stat().st_size} of {needed} bytes')
    return np.memmap(path, dtype=dtype, mode='r', offset=offset, shape=shape)


def open_smallnorb(folder: Path, grid: FactorGrid) -> Arrays:
    """The left camera's images uint8 [n, 96, 96, 1].

    Args:
        folder: Holds the six unpacked files ``smallnorb-*-{dat,cat,info}.mat``.
        grid: Of category, instance, elevation, azimuth and lighting.

    Raises:
        IBGANError: If a file is missing or damaged, or the images are not one for each combination.
    """
    per_part = len(grid) // 2
    images = [read_matrix(folder / f'{part}-dat.mat', (per_part, 2, 96, 96)) for part in _PARTS]
    category = np.concatenate([read_matrix(folder / f'{part}-cat.mat', (per_part,)) for part in _PARTS])
    info = np.concatenate([read_matrix(folder / f'{part}-info.mat', (per_part, 4)) for part in _PARTS])
    instance, elevation, azimuth, lighting = info.T
    try:
        index = grid.to_index(np.stack([category, instance, elevation, azimuth // 2, lighting], axis=1))
    except IBGANError as error:
        raise IBGANError(f'{folder}: {error}') from error
    order = np.argsort(index)
    if not (index[order] == np.arange(len(grid))).all():
        raise IBGANError(f'{folder}: the images are not one for each combination of {", ".join(grid.names)}')

    def blocks(start: int) -> Iterator[np.ndarray]:
        for first in range(start, len(order), BLOCK):
            places = order[first:first + BLOCK]
            yield np.stack([images[place // per_part][place % per_part, 0, :, :, None] for place in places])

    return Arrays(blocks, content(folder / f'{part}-{kind}.mat' for part in _PARTS for kind in ('dat', 'cat', 'info')))
