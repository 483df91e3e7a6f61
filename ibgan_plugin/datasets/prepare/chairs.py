"""3D Chairs (Aubry et al., 2014): 1,393 models, each rendered from 62 directions on white."""
import re
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import open_source
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.utils.errors import IBGANError

#: Images of the official set, and their width and height.
COUNT, SIZE = 1393 * 62, (600, 600)
RECIPE = Recipe(channels=1, crop='square', encoding='png', expected=SIZE)
FACTORS = ('model', 'elevation', 'azimuth')

_NAME = re.compile(r'(?:.*/)?([^/]+)/renders/image_\d+_p(\d+)_t(\d+)_r\d+\.png')


def job(root: Path, recipe: Recipe, workers: int = 1, skip_unreadable: bool = False, partial: bool = False,
        ) -> tuple[Conversion, Job]:
    """What to build from the ``rendered_chairs`` folder, its tar file, or the folder that holds either.

    The images are ordered by model, elevation and azimuth, read from their names, and these are kept as the array ``factors``.

    Args:
        root: Where the images are.
        recipe: What becomes of each image.
        workers: Number of threads.
        skip_unreadable: Leave out unreadable images; if there are any, the set is no complete grid of factors any more.
        partial: Accept another number of images than the official one.

    Raises:
        IBGANError: If there are no images, a name is not of the official form, or their number not the official one.
    """
    inside = [root / name for name in ('rendered_chairs', 'rendered_chairs.tar') if (root / name).exists()]
    source = open_source(inside[0] if inside else root, skip_unreadable)
    matches = [(_NAME.fullmatch(name), name) for name in source.names]
    wrong = next((name for match, name in matches if match is None), None)
    if wrong is not None:
        raise IBGANError(f'{source.path}: {wrong!r} is not of the form '
                         "'<model>/renders/image_<n>_p<elevation>_t<azimuth>_r<size>.png'")
    if len(source) != COUNT and not partial:
        raise IBGANError(f'{source.path} holds {len(source):,} images, but 3D Chairs has {COUNT:,}; '
                         'pass --partial to use them all the same')
    views = sorted((match[1], int(match[2]), int(match[3]), name) for match, name in matches if match is not None)
    values = [sorted(set(column)) for column in list(zip(*views, strict=True))[:3]]
    places = [{value: number for number, value in enumerate(column)} for column in values]
    factors = np.array([[places[place][view[place]] for place in range(3)] for view in views], dtype=np.uint16)
    layout = {'factor_names': FACTORS, 'factor_sizes': [len(column) for column in values],
              'elevations': values[1], 'azimuths': values[2]}

    def chosen(skipped: list[int]) -> dict[str, np.ndarray]:
        return {'factors': np.delete(factors, skipped, axis=0)}

    conversion = Conversion(source, [view[3] for view in views], recipe, workers, skip_unreadable)
    return conversion, conversion.job('3dchairs', layout, arrays=chosen)
