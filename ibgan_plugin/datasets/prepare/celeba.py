"""CelebA (Liu et al., 2015): aligned faces with partitions, identities and 40 attributes. For non-commercial research only."""
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.prepare.convert import Conversion, Recipe
from ibgan_plugin.datasets.sources import ImageSource, open_source
from ibgan_plugin.datasets.store.writer import Job
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import read_lines

#: Images of the official set, and their width and height.
COUNT, SIZE = 202_599, (178, 218)
PARTITIONS = ('train', 'val', 'test')
RECIPE = Recipe(channels=3, crop='celeba_148', encoding='jpeg', expected=SIZE)

_PLACES = ('img_align_celeba', 'img_align_celeba.zip', 'Img/img_align_celeba', 'Img/img_align_celeba.zip')


def find_images(root: Path, skip_unreadable: bool = False) -> ImageSource:
    """The aligned images: ``img_align_celeba/`` or its zip in ``root`` (or ``root/Img``), or ``root`` itself if it is either.

    Raises:
        IBGANError: If there are none.
    """
    if _is_images(root):
        return open_source(root, skip_unreadable)
    for place in _PLACES:
        if (root / place).exists():
            return open_source(root / place, skip_unreadable)
    raise IBGANError(f'{root} holds none of {", ".join(_PLACES)}; data/README.md says where CelebA comes from')


def _is_images(root: Path) -> bool:
    """Whether a path is the images themselves, not the folder that holds them."""
    return root.is_file() or next(root.glob('*.jpg'), None) is not None


def job(root: Path, recipe: Recipe, workers: int = 1, skip_unreadable: bool = False, partial: bool = False,
        ) -> tuple[Conversion, Job]:
    """What to build from the files as their owners ship them.

    Args:
        root: Folder with the images and, if there, ``list_eval_partition``, ``identity_CelebA`` and ``list_attr_celeba``, as
            ``.txt`` or ``.csv`` (or in its subfolders ``Anno`` and ``Eval``); or the zip or folder of the images, with these
            files beside it.
        recipe: What becomes of each image.
        workers: Number of threads.
        skip_unreadable: Leave out unreadable images.
        partial: Accept another number of images than the official one.

    Raises:
        IBGANError: If there are no images, their number is not the official one, or an annotation lacks an image or is malformed.
    """
    source = find_images(root, skip_unreadable)
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
    ``numbers`` int32 [N], the digits of the file names. Files are the owners' (``.txt``) or Kaggle's (``.csv``, same names).

    Raises:
        IBGANError: If a file is malformed or lacks an image.
    """
    digits = [''.join(filter(str.isdigit, name)) for name in names]
    arrays: dict[str, np.ndarray] = {'numbers': np.array([int(number[-9:] or 0) for number in digits], dtype=np.int32)}
    layout: dict[str, tuple[str, ...]] = {}
    if path := _find(root, 'list_eval_partition'):
        arrays['partition'] = _table(path, names, 1)[1].astype(np.int8)[:, 0]
        layout['partition_names'] = PARTITIONS
        if not np.isin(arrays['partition'], (0, 1, 2)).all():
            raise IBGANError(f'{path}: a partition must be 0, 1 or 2, got {sorted(set(arrays["partition"].tolist()))}')
    if path := _find(root, 'identity_CelebA'):
        arrays['identity'] = _table(path, names, 1)[1].astype(np.int32)[:, 0]
    if path := _find(root, 'list_attr_celeba'):
        columns, values = _table(path, names)
        layout['attribute_names'] = columns
        arrays['attributes'] = values.astype(np.int8)
        if not np.isin(values, (-1, 1)).all():
            raise IBGANError(f'{path}: an attribute must be -1 or 1, got {sorted(set(values.ravel().tolist()))[:5]}')
    return arrays, layout


def _find(root: Path, stem: str) -> Path | None:
    """The annotation file of that name: the owners' before Kaggle's."""
    places = (root / folder / f'{stem}{suffix}' for suffix in ('.txt', '.csv') for folder in ('', 'Anno', 'Eval'))
    return next((place for place in places if place.exists()), None)


def _table(path: Path, names: list[str], columns: int | None = None) -> tuple[tuple[str, ...], np.ndarray]:
    """Column names (if the file has any) and values int64 [N, columns] after the image names, in the order of ``names``.

    A ``.csv`` begins with a line of names; so does a ``.txt`` of more than one column, after a line with the number of images.
    """
    separator = ',' if path.suffix == '.csv' else None
    lines = [line for line in read_lines(path) if line.strip()]
    head: tuple[str, ...] = ()
    if separator:
        head, lines = tuple(lines[0].split(separator)[1:]) if lines else (), lines[1:]
    elif columns is None:
        head, lines = tuple(lines[1].split()) if len(lines) > 1 else (), lines[2:]
    columns = columns or len(head)
    rows = {}
    for line in lines:
        name, *values = (value.strip() for value in line.split(separator))
        if len(values) != columns:
            raise IBGANError(f'{path}: the line of {name!r} has {len(values)} values, but must have {columns}')
        rows[name] = values
    missing = next((name for name in names if name not in rows), None)
    if missing is not None:
        raise IBGANError(f'{path} has no line for the image {missing!r}')
    try:
        return head, np.array([[int(value) for value in rows[name]] for name in names], dtype=np.int64).reshape(-1, columns)
    except (ValueError, OverflowError) as error:
        raise IBGANError(f'{path}: {error}') from error
