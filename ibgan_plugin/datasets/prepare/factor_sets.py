"""Data sets with ground-truth factors that come as arrays: Shapes3D, MPI3D, Cars3D, SmallNORB."""
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.npz_stream import NpzArray
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.prepare.norb import NORB_GRID, open_smallnorb
from ibgan_plugin.datasets.prepare.threads import in_order
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.datasets.transforms import CropResize
from ibgan_plugin.utils.errors import IBGANError

_BLOCK = 512
SHAPES3D_GRID = FactorGrid(('floor_hue', 'wall_hue', 'object_hue', 'scale', 'shape', 'orientation'), (10, 10, 10, 8, 4, 15))
MPI3D_GRID = FactorGrid(('object_color', 'object_shape', 'object_size', 'camera_height', 'background_color', 'horizontal_axis',
                         'vertical_axis'), (6, 6, 2, 3, 3, 40, 40))
CARS3D_GRID = FactorGrid(('object_type', 'azimuth', 'elevation'), (183, 24, 4))


@dataclass(frozen=True)
class FactorSet:
    """Images of all the combinations of factors, read in order.

    Attributes:
        name: Of the set.
        grid: Its factors.
        channels: 1 or 3.
        open: ``open(path)`` checks the files and returns ``blocks``, and ``blocks(start)`` gives images uint8 [n, H, W,
            channels] from image ``start`` on.
    """
    name: str
    grid: FactorGrid
    channels: int
    open: Callable[[Path], Callable[[int], Iterator[np.ndarray]]]

    def job(self, path: Path, encoding: str = 'png', size: int = 64, workers: int = 1) -> Job:
        """What to build from the files at ``path``.

        Raises:
            IBGANError: If a file is missing.
            IBGANError: If a file is damaged, or of another shape than the published one.
        """
        recipe = Recipe(channels=self.channels, size=size, encoding=encoding)
        blocks = self.open(path)

        def records(start: int) -> Iterator[bytes]:
            resize = CropResize(size)
            return in_order(lambda image: encode(resize.apply(image), encoding), blocks(start), workers)

        factors = self.grid.to_factors(np.arange(len(self.grid))).astype(np.uint8)
        layout = {'name': self.name, **recipe.layout, 'factor_names': self.grid.names, 'factor_sizes': self.grid.sizes}
        return Job(kind='images', source=path.name, inputs=len(self.grid), records=records, layout=layout,
                   arrays=lambda skipped: {'factors': factors}, size=len(self.grid) * recipe.disk_bytes)


def _open_shapes3d(path: Path) -> Callable[[int], Iterator[np.ndarray]]:
    try:
        import h5py
    except ImportError as error:
        raise IBGANError(f'{path} is an HDF5 file: reading it needs h5py (pip install h5py)') from error
    expected = (len(SHAPES3D_GRID), 64, 64, 3)
    if not path.is_file():
        raise IBGANError(f'{path} does not exist')
    try:
        with h5py.File(path, 'r') as file:
            if 'images' not in file:
                raise IBGANError(f'{path} has no data set \'images\', only {sorted(file)}')
            if file['images'].shape != expected or file['images'].dtype != np.uint8:
                raise IBGANError(f'{path}: images is {file["images"].dtype} of shape {list(file["images"].shape)}, '
                                 f'but must be uint8 of shape {list(expected)}')
    except OSError as error:
        raise IBGANError(f'{path} is damaged or not an HDF5 file: {error}') from error

    def blocks(start: int) -> Iterator[np.ndarray]:
        with h5py.File(path, 'r') as file:
            for first in range(start, len(SHAPES3D_GRID), _BLOCK):
                try:
                    block = file['images'][first:first + _BLOCK]
                except OSError as error:
                    raise IBGANError(f'{path} is damaged at image {first} or shortly after: {error}') from error
                yield block

    return blocks


def _open_mpi3d(path: Path) -> Callable[[int], Iterator[np.ndarray]]:
    images = NpzArray(path, 'images', 'u1', (len(MPI3D_GRID), 64, 64, 3))
    return lambda start: images.chunks(_BLOCK, start)


def _open_cars3d(path: Path) -> Callable[[int], Iterator[np.ndarray]]:
    """A folder of ``.mat`` files, one a car, each with ``im`` uint8 [H, W, 3, 24, 4]: azimuth, elevation."""
    objects, azimuths, elevations = CARS3D_GRID.sizes
    files = sorted(path.rglob('*.mat'))
    if len(files) != objects:
        raise IBGANError(f'{path} holds {len(files)} .mat files, but Cars3D has {objects}')

    def blocks(start: int) -> Iterator[np.ndarray]:
        first, done = divmod(start, azimuths * elevations)
        for file in files[first:]:
            try:
                images = loadmat(file)['im']
            except (KeyError, ValueError, TypeError, OSError, NotImplementedError, zlib.error) as error:
                raise IBGANError(f'{file} is damaged or has no array \'im\': {error}') from error
            if images.ndim != 5 or images.shape[2:] != (3, azimuths, elevations) or images.dtype != np.uint8:
                raise IBGANError(f'{file}: im is {images.dtype} of shape {list(images.shape)}, '
                                 f'but must be uint8 of shape [H, W, 3, {azimuths}, {elevations}]')
            yield images.transpose(3, 4, 0, 1, 2).reshape(-1, *images.shape[:3])[done:]
            done = 0

    return blocks


#: By name on the command line.
FACTOR_SETS = {
    'shapes3d': FactorSet('shapes3d', SHAPES3D_GRID, 3, _open_shapes3d),
    'mpi3d': FactorSet('mpi3d', MPI3D_GRID, 3, _open_mpi3d),
    'cars3d': FactorSet('cars3d', CARS3D_GRID, 3, _open_cars3d),
    'smallnorb': FactorSet('smallnorb', NORB_GRID, 1, open_smallnorb),
}
