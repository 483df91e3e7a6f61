"""CelebA (Liu et al., 2015): aligned faces with partitions, identities and 40 attributes. For non-commercial research only."""
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import ImageSource, open_source
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.utils.errors import IBGANError

#: Images of the official set, and their width and height.
COUNT, SIZE = 202_599, (178, 218)
PARTITIONS = ('train', 'val', 'test')
RECIPE = Recipe(channels=3, crop='celeba_148', encoding='jpeg', expected=SIZE)

_PLACES = ('img_align_celeba', 'img_align_celeba.zip', 'Img/img_align_celeba', 'Img/img_align_celeba.zip')


def find_images(root: Path) -> ImageSource:
    """The aligned images: ``img_align_celeba/`` or its zip in ``root`` (or ``root/Img``), or ``root`` itself if it is either.

    Raises:
        IBGANError: If there are none.
    """
    if _is_images(root):
        return open_source(root)
    for place in _PLACES:
        if (root / place).exists():
            return open_source(root / place)
    raise IBGANError(f'{root} holds none of {", ".join(_PLACES)}; data/README.md says where CelebA comes from')


def _is_images(root: Path) -> bool:
    """Whether a path is the images themselves, not the folder that holds them."""
    return root.is_file() or next(root.glob('*.jpg'), None) is not None


def job(root: Path, recipe: Recipe, workers: int = 1, skip_unreadable: bool = False, partial: bool = False,
        ) -> tuple[Conversion, Job]:
    """What to build from the files as their owners ship them.

    Args:
        root: Folder with the images and, if there, ``list_eval_partition.txt``, ``identity_CelebA.txt`` and
            ``list_attr_celeba.txt`` (or in its subfolders ``Anno`` and ``Eval``); or the zip or folder of the images, with
            these files beside it.
        recipe: What becomes of each image.
        workers: Number of threads.
        skip_unreadable: Leave out unreadable images.
        partial: Accept another number of images than the official one.

    Raises:
        IBGANError: If there are no images.
        IBGANError: If their number is not the official one, or an annotation lacks an image or is malformed.
    """
    source = find_images(root)
    if len(source) != COUNT and not partial:
        raise IBGANError(f'{source.path} holds {len(source):,} images, but CelebA has {COUNT:,}; '
                         'pass --partial to use them all the same')
    names = [Path(name).name for name in source.names]
    arrays, layout = read_annotations(root.parent if _is_images(root) else root, names)

    def chosen(skipped: list[int]) -> dict[str, np.ndarray]:
        return {name: np.delete(values, skipped, axis=0) for name, values in arrays.items()}

    conversion = Conversion(source, source.names, recipe, workers, skip_unreadable)
    return conversion, conversion.job('celeba', layout, arrays=chosen)


def read_annotations(root: Path, names: list[str]) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """Arrays of the annotations that are there, a row per image name, and the names of their columns or values.

    ``partition`` int8 [N] (0 train, 1 val, 2 test), ``identity`` int32 [N], ``attributes`` int8 [N, 40] of -1 and 1, and
    ``numbers`` int32 [N], the digits of the file names.

    Raises:
        IBGANError: If a file is malformed or lacks an image.
    """
    digits = [''.join(filter(str.isdigit, name)) for name in names]
    arrays: dict[str, np.ndarray] = {'numbers': np.array([int(number or 0) for number in digits], dtype=np.int32)}
    layout: dict[str, tuple[str, ...]] = {}
    if path := _find(root, 'list_eval_partition.txt'):
        arrays['partition'] = _table(path, path.read_text().splitlines(), names, 1).astype(np.int8)[:, 0]
        layout['partition_names'] = PARTITIONS
    if path := _find(root, 'identity_CelebA.txt'):
        arrays['identity'] = _table(path, path.read_text().splitlines(), names, 1).astype(np.int32)[:, 0]
    if path := _find(root, 'list_attr_celeba.txt'):
        lines = path.read_text().splitlines()
        layout['attribute_names'] = tuple(lines[1].split()) if len(lines) > 1 else ()
        columns = len(layout['attribute_names'])
        arrays['attributes'] = _table(path, lines[2:], names, columns).astype(np.int8)
    return arrays, layout


def _find(root: Path, name: str) -> Path | None:
    return next((place for place in (root / name, root / 'Anno' / name, root / 'Eval' / name) if place.exists()), None)


def _table(path: Path, lines: list[str], names: list[str], columns: int) -> np.ndarray:
    """Values [N, columns] after the image names, in the order of ``names``."""
    rows = {}
    for line in filter(None, lines):
        name, *values = line.split()
        if len(values) != columns:
            raise IBGANError(f'{path}: the line of {name!r} has {len(values)} values, but must have {columns}')
        rows[name] = values
    missing = next((name for name in names if name not in rows), None)
    if missing is not None:
        raise IBGANError(f'{path} has no line for the image {missing!r}')
    try:
        return np.array([[int(value) for value in rows[name]] for name in names])
    except ValueError as error:
        raise IBGANError(f'{path}: {error}') from error
