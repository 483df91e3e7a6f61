"""Any folder, zip or tar file of images, with a table of their factors if there is one."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.factor_table import FactorTable, read_table
from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import open_source
from ibgan_plugin.datasets.store.writer import Job

RECIPE = Recipe()


def job(root: Path, recipe: Recipe, workers: int = 1, skip_unreadable: bool = False, name: str = '', factors: Path | None = None,
        continuous: Sequence[str] = (), categorical: Sequence[str] = ()) -> tuple[Conversion, Job]:
    """What to build from all the images in ``root``, in the order of their names, or of their factors if these are a full grid.

    Args:
        root: The folder or archive.
        recipe: What becomes of each image.
        workers: Number of threads.
        skip_unreadable: Leave out unreadable images.
        name: Of the data set; that of ``root`` by default.
        factors: CSV or Parquet file, see :func:`~ibgan_plugin.datasets.factor_table.read_table`.
        continuous, categorical: Factors that are of this kind, whatever they look like.
    """
    source = open_source(root, skip_unreadable)
    if factors is None:
        conversion = Conversion(source, source.names, recipe, workers, skip_unreadable)
        return conversion, conversion.job(name or root.stem)
    table, unused = read_table(factors, source.names, continuous, categorical)
    source.left_out.update({f'{row} (in {factors})': 'row without an image' for row in unused})
    order = table.order()
    table = table.rows(order)
    conversion = Conversion(source, [source.names[number] for number in order], recipe, workers, skip_unreadable)

    def chosen(skipped: list[int]) -> dict[str, np.ndarray]:
        return {'factors': np.delete(table.values, skipped, axis=0)}

    return conversion, conversion.job(name or root.stem, _layout(table), chosen)


def _layout(table: FactorTable) -> dict:
    return {'factor_names': table.names, 'factor_kinds': table.kinds, 'factor_sizes': table.sizes, 'factor_labels': table.labels}
