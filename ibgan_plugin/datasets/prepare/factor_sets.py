"""Data sets with ground-truth factors, whose images are all the combinations in order: each is declared here, on one screen.

The last factor varies fastest. ``arrays``, ``norb`` and ``renders`` read their files; data/README.md says where these come from.
"""
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.prepare.arrays import Opener, open_cars3d, open_npz, open_shapes3d
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.prepare.norb import open_smallnorb
from ibgan_plugin.datasets.prepare.threads import in_order
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.datasets.transforms import CropResize

SHAPES3D_GRID = FactorGrid(('floor_hue', 'wall_hue', 'object_hue', 'scale', 'shape', 'orientation'), (10, 10, 10, 8, 4, 15))
_MPI3D_FACTORS = ('object_color', 'object_shape', 'object_size', 'camera_height', 'background_color', 'horizontal_axis',
                  'vertical_axis')
MPI3D_GRID = FactorGrid(_MPI3D_FACTORS, (6, 6, 2, 3, 3, 40, 40))
MPI3D_COMPLEX_GRID = FactorGrid(_MPI3D_FACTORS, (4, 4, 2, 3, 3, 40, 40))
CARS3D_GRID = FactorGrid(('object_type', 'azimuth', 'elevation'), (183, 24, 4))
#: The published factors category, elevation, azimuth and lighting, and the toy within its category, which other code draws
#: at random: every image has its own place in this grid.
NORB_GRID = FactorGrid(('category', 'instance', 'elevation', 'azimuth', 'lighting'), (5, 10, 9, 18, 6))


@dataclass(frozen=True)
class FactorSet:
    """Images of all the combinations of factors, read in order.

    Attributes:
        name: Of the set.
        grid: Its factors.
        channels: 1 or 3.
        file: The official file or folder, in the set's folder.
        open: Checks the files at a path and gives their images, see :class:`~ibgan_plugin.datasets.prepare.arrays.Arrays`.
    """
    name: str
    grid: FactorGrid
    channels: int
    file: str
    open: Opener

    def job(self, path: Path, encoding: str = 'png', size: int = 64, workers: int = 1) -> Job:
        """What to build from the files at ``path``.

        Raises:
            IBGANError: If a file is missing, damaged, or of another shape than the published one.
        """
        recipe = Recipe(channels=self.channels, size=size, encoding=encoding)
        arrays = self.open(path, self.grid)

        def records(start: int) -> Iterator[bytes]:
            resize = CropResize(size)
            return in_order(lambda image: encode(resize.apply(image), encoding), arrays.blocks(start), workers)

        factors = self.grid.to_factors(np.arange(len(self.grid))).astype(np.uint8)
        layout = {'name': self.name, **recipe.layout, 'factor_names': self.grid.names, 'factor_sizes': self.grid.sizes}
        return Job(kind='images', source=f'{path.name} ({arrays.digest})', inputs=len(self.grid), records=records, layout=layout,
                   arrays=lambda skipped: {'factors': factors}, size=len(self.grid) * recipe.disk_bytes)


#: By name on the command line.
FACTOR_SETS = {factor_set.name: factor_set for factor_set in (
    FactorSet('shapes3d', SHAPES3D_GRID, 3, '3dshapes.h5', open_shapes3d),
    FactorSet('mpi3d_toy', MPI3D_GRID, 3, 'mpi3d_toy.npz', open_npz),
    FactorSet('mpi3d_realistic', MPI3D_GRID, 3, 'mpi3d_realistic.npz', open_npz),
    FactorSet('mpi3d_real', MPI3D_GRID, 3, 'mpi3d_real.npz', open_npz),
    FactorSet('mpi3d_complex', MPI3D_COMPLEX_GRID, 3, 'real3d_complicated_shapes_ordered.npz', open_npz),
    FactorSet('cars3d', CARS3D_GRID, 3, 'cars', open_cars3d),
    FactorSet('smallnorb', NORB_GRID, 1, '', open_smallnorb),
)}
