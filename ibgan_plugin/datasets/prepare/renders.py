"""Falcor3D and Isaac3D (Nie et al., 2020): rendered images, numbered through the combinations of their factors."""
from pathlib import Path, PurePosixPath

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import open_source
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.utils.errors import IBGANError

RECIPE = Recipe(encoding='png')
#: Factors by name on the command line; image ``n`` is the n-th combination, the last factor varies fastest.
RENDERS = {
    'falcor3d': FactorGrid(('lighting_intensity', 'lighting_x', 'lighting_y', 'lighting_z', 'camera_x', 'camera_y', 'camera_z'),
                           (5, 6, 6, 6, 6, 6, 6)),
    'isaac3d': FactorGrid(('object_shape', 'robot_x', 'robot_y', 'camera_height', 'object_scale', 'lighting_intensity',
                           'lighting_direction', 'object_color', 'wall_color'), (3, 8, 5, 4, 4, 4, 6, 4, 4)),
}


def job(name: str, root: Path, recipe: Recipe, workers: int = 1) -> tuple[Conversion, Job]:
    """What to build from the folder ``images`` of one of :data:`RENDERS`, in any resolution, or from the folder that holds it.

    Args:
        name: Of the set.
        root: The folder, zip or tar file, or the folder that holds it.
        recipe: What becomes of each image.
        workers: Number of threads.

    Raises:
        IBGANError: If there are no images, their number is not the official one, or they are not numbered from 0.
    """
    grid = RENDERS[name]
    source = open_source(root)
    if len(source) != len(grid):
        raise IBGANError(f'{root} holds {len(source):,} images, but {name} has {len(grid):,}')
    places = {PurePosixPath(image).stem: image for image in source.names}
    numbers = sorted(places, key=lambda stem: (int(stem) if stem.isdecimal() else -1, stem))
    wrong = next((stem for number, stem in enumerate(numbers) if not stem.isdecimal() or int(stem) != number), None)
    if wrong is not None or len(places) != len(grid):
        raise IBGANError(f'{root}: images must be numbered from 0 to {len(grid) - 1:,}, got {places.get(wrong or "", wrong)!r}')
    factors = grid.to_factors(np.arange(len(grid))).astype(np.uint8)
    conversion = Conversion(source, [places[stem] for stem in numbers], recipe, workers)
    return conversion, conversion.job(name, {'factor_names': grid.names, 'factor_sizes': grid.sizes},
                                      lambda skipped: {'factors': np.delete(factors, skipped, axis=0)})
