"""Building ``dsprites.lmdb``, drawn or from the official file.

Record ``n`` of 720 holds the sprite of one shape, scale and orientation (in this order, the last fastest) at all 32x32
positions: 1024 windows (posX, posY; the last fastest), each 28 little-endian words of 32 bits as described in ``raster``:
114,688 bytes a record, 82,575,360 bytes in all (about 86 MB on disk with LMDB's page headers). Image ``i`` of the official
order is thus window ``i % 1024`` of record ``i // 1024``, and its factors are the digits of ``i``.
"""
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.dsprites.official import OfficialFile
from ibgan_plugin.datasets.dsprites.outline import GRID
from ibgan_plugin.datasets.dsprites.raster import WINDOW, pack_images, sprite_windows
from ibgan_plugin.datasets.store.reader import LMDBReader
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.utils.errors import IBGANError

KIND = 'dsprites'
FILE_NAME = 'dsprites.lmdb'
OFFICIAL_NAME = 'dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz'
SPRITES = 720
POSITIONS = 1024
WINDOW_BYTES = 4 * WINDOW
_PAGE_OVERHEAD = 1.04


def prepare(data_root: str | Path, npz: str | Path | None = None, overwrite: bool = False) -> Path:
    """Build ``dsprites.lmdb`` in ``data_root`` unless it is there.

    Args:
        data_root: Folder of the LMDB file.
        npz: The official file to build it from. By default the one in ``data_root`` if it lies there; else the images are
            drawn, which takes seconds and gives the same pixels.
        overwrite: Build it again if it is there.

    Returns:
        Path of the LMDB file.

    Raises:
        IBGANError: If ``npz`` is given, but does not exist; if the official file is damaged or is not what its name says; if the
            disk is full.
    """
    root = Path(data_root)
    path = root / FILE_NAME
    if path.exists() and not overwrite:
        _check_source(path, npz)
        return path
    if npz is None and (root / OFFICIAL_NAME).exists():
        npz = root / OFFICIAL_NAME
    official = None if npz is None else OfficialFile(npz)
    build(path, job(official), overwrite)
    return path


def _check_source(path: Path, npz: str | Path | None) -> None:
    """Whether a file that is there was made from the official one that was asked for, if any was."""
    if npz is not None:
        asked, found = OfficialFile(npz).description, LMDBReader(path, KIND).metadata['source']
        if asked != found:
            raise IBGANError(f'{path} is there, but was made from {found!r} instead of {asked!r}; pass --force to make it again')


def job(official: OfficialFile | None = None) -> Job:
    """What to build: from the official file, or drawn."""
    layout = {'name': 'dSprites', 'factor_names': GRID.names, 'factor_sizes': GRID.sizes, 'images': len(GRID),
                  'record': {'dtype': '<u4', 'shape': (GRID.sizes[3], GRID.sizes[4], WINDOW)}}
    return Job(kind=KIND, source='rendered' if official is None else official.description, inputs=SPRITES,
               records=_drawn if official is None else lambda start: _packed(official, start), layout=layout,
               size=int(_PAGE_OVERHEAD * SPRITES * POSITIONS * WINDOW_BYTES))


def _drawn(start: int) -> Iterator[bytes]:
    for sprite in range(start, SPRITES):
        shape, scale, orientation = (int(value) for value in np.unravel_index(sprite, GRID.sizes[:3]))
        yield sprite_windows(shape, scale, orientation).astype('<u4').tobytes()


def _packed(official: OfficialFile, start: int) -> Iterator[bytes]:
    pos_x, pos_y = np.divmod(np.arange(POSITIONS), GRID.sizes[4])
    for sprite, images in enumerate(official.chunks(POSITIONS, start * POSITIONS), start):
        try:
            yield pack_images(images, pos_x, pos_y).astype('<u4').tobytes()
        except ValueError as error:
            raise IBGANError(f'{official.path}: images {sprite * POSITIONS} to {(sprite + 1) * POSITIONS - 1} are not '
                             f'dSprites images: {error}') from error
