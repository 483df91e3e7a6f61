"""Any folder, zip or tar file of images."""
from pathlib import Path

from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import open_source
from ibgan_plugin.datasets.store.writer import Job

RECIPE = Recipe()


def job(root: Path, recipe: Recipe, workers: int = 1, skip_unreadable: bool = False, name: str = '') -> tuple[Conversion, Job]:
    """What to build from all the images in ``root``, in the order of their names.

    Args:
        root: The folder or archive.
        recipe: What becomes of each image.
        workers: Number of threads.
        skip_unreadable: Leave out unreadable images.
        name: Of the data set; that of ``root`` by default.
    """
    source = open_source(root, skip_unreadable)
    conversion = Conversion(source, source.names, recipe, workers, skip_unreadable)
    return conversion, conversion.job(name or root.stem)
