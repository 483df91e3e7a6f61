"""Codes of a data set as one ``.npz`` file of plain arrays, which any framework can write."""
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, LabelledCodes
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file, check_suffix, write_npz

#: Suffixes of files that codes are written to.
SAVED_AS = ('.npz', )
#: An array that unpacks to more is not read: a grid of ten million cells with 25 codes each is smaller.
LARGEST_ARRAY = 2**31


def load_arrays(path: str | Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of ``names`` that an ``.npz`` file holds. Nothing is unpickled, and nothing absurdly large is unpacked.

    Raises:
        IBGANError: If the file can not be read as such.
    """
    path = check_regular_file(path)
    try:
        if _is_npy(path):
            raise IBGANError(f'{path} is an .npy file, which holds one array: an .npz with {names[0]} by name is needed, e.g. '
                             f'numpy.savez(path, {names[0]}=array, ...)')
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
        too_large = [name for name in names if sizes.get(f'{name}.npy', 0) > LARGEST_ARRAY]
        if too_large:
            raise IBGANError(f'{too_large[0]} in {path} would unpack to {sizes[f"{too_large[0]}.npy"] / 2**30:.1f} GiB, more than '
                             f'{LARGEST_ARRAY / 2**30:g} GiB')
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names if name in file}
    except IBGANError:
        raise
    except (OSError, ValueError, AttributeError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise IBGANError(f'{path} is not a readable .npz file of plain arrays: {error}') from error


def _is_npy(path: Path) -> bool:
    with open(path, 'rb') as file:
        return file.read(6) == np.lib.format.MAGIC_PREFIX


def load_codes(path: str | Path) -> CodeSource:
    """Codes of an ``.npz`` file.

    It holds ``codes`` with

    * ``factor_sizes`` [F]: one row for each cell of the grid, in row-major order of the factors, or for those cells that
      ``index`` [N] numbers, be they some drawn at random;
    * or ``factors`` [N, F]: whole numbers or, for continuous ones, any; bool ``continuous`` [F] may say which are.

    Where it holds both, ``factor_sizes`` counts. ``factor_names`` [F] may be there too. Nothing is unpickled.

    Raises:
        IBGANError: If the file can not be read as such, or its arrays do not fit.
    """
    arrays = load_arrays(path, ('codes', 'factor_sizes', 'factors', 'continuous', 'index', 'factor_names'))
    if 'codes' not in arrays or not arrays.keys() & {'factor_sizes', 'factors'}:
        raise IBGANError(f'{path} must hold codes and factor_sizes (whole grid) or codes and factors (labelled samples), '
                         f'found of these: {", ".join(arrays) or "none"}')
    try:
        return _source(arrays)
    except IBGANError as error:
        raise IBGANError(f'{path}: {error}') from error


def _source(arrays: Mapping[str, np.ndarray]) -> CodeSource:
    """Codes with their factors."""
    if 'factor_sizes' not in arrays:
        return LabelledCodes(arrays['codes'], arrays['factors'], arrays.get('continuous'), _names(arrays) or ())
    sizes = arrays['factor_sizes']
    if sizes.ndim != 1 or sizes.dtype.kind not in 'iu':
        raise IBGANError(f'factor_sizes must be integers of shape [F], got {sizes.dtype} of shape {list(sizes.shape)}')
    names = _names(arrays)
    if 'index' not in arrays:
        return CodeTable.from_grid(arrays['codes'], sizes.tolist(), names)
    grid = FactorGrid(tuple(names or (f'factor_{k}' for k in range(len(sizes)))), tuple(sizes.tolist()))
    return CodeTable(grid, arrays['index'], arrays['codes'])


def _names(arrays: Mapping[str, np.ndarray]) -> list[str] | None:
    """Names of the factors; None where the file has none."""
    return [str(name) for name in arrays['factor_names'].ravel()] if 'factor_names' in arrays else None


def save_codes(path: str | Path, source: CodeSource) -> None:
    """Write codes so that :func:`load_codes` reads them, whole or not at all.

    Args:
        path: File, which must end in ``.npz``.
        source: The codes.

    Raises:
        IBGANError: If the file has another ending.
    """
    check_suffix(path, SAVED_AS, 'a file of codes')
    arrays: dict[str, np.ndarray] = {'codes': source.codes}
    if isinstance(source, CodeTable):
        arrays |= {'index': source.index, 'factor_sizes': np.array(source.grid.sizes), 'factor_names': np.array(source.grid.names)}
    else:
        arrays |= {'factors': source.values, 'continuous': source.continuous}
        if source.names:
            arrays['factor_names'] = np.array(source.names)
    write_npz(path, arrays)
