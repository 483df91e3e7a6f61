"""Factors of images as a table, a row an image: read from CSV or Parquet, or kept in a store. They need not be a grid."""
import csv
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from pathlib import Path

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file, read_lines

#: Bytes of the largest table that is read, unpacked.
MAX_TABLE_BYTES = 1 << 30
#: Rounds no number that memory holds.
EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)


@dataclass(frozen=True)
class FactorTable:
    """Factors of N images.

    Attributes:
        names: Of the F factors.
        kinds: Of each, ``'categorical'``, one of several classes whose order means nothing to a metric, or ``'continuous'``.
        values: float64 [N, F]: the number of the class, or the value.
        labels: Names of the classes of each categorical factor, by number; None for a continuous one.
    """
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: np.ndarray
    labels: tuple[tuple[str, ...] | None, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of classes of each factor, or of different values of a continuous one."""
        return tuple(len(np.unique(column)) if classes is None else len(classes)
                     for column, classes in zip(self.values.T, self.labels, strict=True))

    @property
    def grid(self) -> FactorGrid | None:
        """The grid whose points the rows are, in order, all of them; None if they are not."""
        grid = self._possible_grid()
        if grid is None or not (grid.to_index(self.values.astype(np.int64)) == np.arange(len(grid))).all():
            return None
        return grid

    def order(self) -> np.ndarray:
        """Row numbers int64 [N] that put the rows into the order of their grid, if they are one; else as they are."""
        grid = self._possible_grid()
        if grid is None:
            return np.arange(len(self.values))
        index = grid.to_index(self.values.astype(np.int64))
        return np.argsort(index) if len(np.unique(index)) == len(grid) else np.arange(len(index))

    def _possible_grid(self) -> FactorGrid | None:
        """The grid of all combinations, where all factors are categorical and there are as many rows as combinations."""
        if 'continuous' in self.kinds or not len(self.values):
            return None
        grid = FactorGrid(self.names, self.sizes)
        return grid if len(grid) == len(self.values) else None

    def rows(self, order: np.ndarray) -> 'FactorTable':
        """The table of some rows."""
        return FactorTable(self.names, self.kinds, self.values[order], self.labels)

    def columns(self, names: Sequence[str]) -> 'FactorTable':
        """The table of some factors.

        Raises:
            IBGANError: If there is none of a name, or none is asked for.
        """
        for name in names:
            if name not in self.names:
                raise IBGANError(f'there is no factor {name!r}, only {list(self.names)}')
        if not names:
            raise IBGANError(f'at least one factor is needed, of {list(self.names)}')
        places = [self.names.index(name) for name in names]
        return FactorTable(tuple(names), tuple(self.kinds[place] for place in places), self.values[:, places],
                           tuple(self.labels[place] for place in places))


def read_table(path: str | Path, images: Sequence[str], continuous: Sequence[str] = (),
               categorical: Sequence[str] = ()) -> tuple[FactorTable, list[str]]:
    """Factors of images from a CSV or Parquet file.

    The first row names the columns. The column that names the images is the one in which all of them are found, by their path or,
    where no two are called alike, by their file name; the others are factors. Numbers with a point are continuous, as are numbers
    with decimals by their type; whole numbers, words and truth values are classes, in their order. Equal numbers are one class,
    however they are written (``1`` and ``1e0``), but where one of a column begins with a 0 before other digits (``01``), its
    texts are identifiers: ``01`` and ``1`` are two classes.

    Args:
        path: The ``.csv`` or ``.parquet`` file.
        images: Paths of the images.
        continuous, categorical: Factors that are of this kind, whatever they look like.

    Returns:
        The table, a row for each of ``images``, and the names in the file for which there is no image.

    Raises:
        IBGANError: If the file can not be read, no column names the images, an image has no row or two, a value is missing or
            not finite, there is no factor, or a name in ``continuous`` or ``categorical`` is none, or is in both.
    """
    path = Path(path)
    columns = _read_parquet(path) if path.suffix.lower() == '.parquet' else _read_csv(path)
    key = _file_column(path, columns, images)
    files, factors = columns.pop(key), columns
    for name in (*continuous, *categorical):
        if name not in factors:
            raise IBGANError(f'{path} has no factor {name!r}, only {list(factors)}')
    both = [name for name in continuous if name in categorical]
    if both:
        raise IBGANError(f'factor {both[0]!r} is to be both continuous and categorical: name it once')
    if not factors:
        raise IBGANError(f'{path} has no column but {key!r}: there is no factor')
    rows, unused = _match(path, files, images)
    table = []
    for name, column in factors.items():
        kind = 'continuous' if name in continuous else 'categorical' if name in categorical else None
        table.append(_factor(f'{path}: factor {name!r}', [column[row] for row in rows], kind, [files[row] for row in rows]))
    kinds, values, labels = zip(*table, strict=True)
    return FactorTable(tuple(factors), kinds, np.stack(values, axis=1), labels), unused


def _read_csv(path: Path) -> dict[str, list[str]]:
    """Columns of a file with commas (``.tsv``: tabs) between values, by name."""
    if not path.exists():
        raise IBGANError(f'{path} does not exist')
    lines = (f'{line}\n' for line in read_lines(path, MAX_TABLE_BYTES))  # a cell in quotes keeps its line breaks
    reader = csv.reader(lines, delimiter='\t' if path.suffix.lower() == '.tsv' else ',', strict=True)
    try:
        head, *rows = [row for row in reader if row]
    except (ValueError, csv.Error) as error:
        raise IBGANError(f'{path} is empty or no table: {error}') from error
    head = [name.strip() for name in head]
    for number, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise IBGANError(f'{path}: row {number} has {len(row)} values for the {len(head)} columns {head}')
    return _named(path, head, [[value.strip() for value in column] for column in zip(*rows, strict=True)])


def _read_parquet(path: Path) -> dict[str, list]:
    """Columns of a Parquet file, by name."""
    if not path.exists():
        raise IBGANError(f'{path} does not exist')
    check_regular_file(path)
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise IBGANError(f'{path} is a Parquet file: reading it needs pyarrow (pip install pyarrow)') from error
    try:
        with parquet.ParquetFile(path) as file:
            size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
            if size > MAX_TABLE_BYTES:
                raise IBGANError(f'{path} has {size:,} bytes unpacked, but at most {MAX_TABLE_BYTES:,} are read')
            table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise IBGANError(f'{path} is damaged or no Parquet file: {error}') from error
    return _named(path, table.column_names, [column.to_pylist() for column in table.columns])


def _named(path: Path, head: Sequence[str], columns: Sequence[list]) -> dict[str, list]:
    """Columns by name."""
    if len(set(head)) < len(head) or '' in head:
        raise IBGANError(f'{path}: every column needs a name of its own, got {list(head)}')
    if not columns or not columns[0]:
        raise IBGANError(f'{path} has no rows')
    return dict(zip(head, columns, strict=True))


def _file_column(path: Path, columns: dict[str, list], images: Sequence[str]) -> str:
    """Name of the column in which all images are found."""
    missing = {}
    for name, column in columns.items():
        known = {str(value) for value in column}
        missing[name] = [image for image in images if image not in known and posixpath.basename(image) not in known]
    best = min(missing, key=lambda name: len(missing[name]))
    if missing[best]:
        raise IBGANError(f'{path}: no column names all images; {best!r} lacks {len(missing[best]):,} of {len(images):,}, '
                         f'{missing[best][0]!r} first')
    return best


def _match(path: Path, files: Sequence[str], images: Sequence[str]) -> tuple[list[int], list[str]]:
    """Row of each image, and the names that are no image's."""
    places: dict[str, list[int]] = {}
    for row, name in enumerate(files):
        places.setdefault(str(name), []).append(row)
    short = Counter(posixpath.basename(image) for image in images)
    rows, used = [], set()
    for image in images:
        name = image if image in places else posixpath.basename(image)
        if name != image and short[name] > 1:
            raise IBGANError(f'{path}: {short[name]} images are called {name!r}: name them by their path, such as {image!r}')
        if len(places[name]) > 1:
            raise IBGANError(f'{path} has {len(places[name])} rows for the image {name!r}')
        rows += places[name]
        used.add(name)
    return rows, [name for name in places if name not in used]


def _factor(name: str, column: Sequence, kind: str | None, files: Sequence[str]) -> tuple[str, np.ndarray, tuple[str, ...] | None]:
    """Kind, values float64 [N] and labels of a column."""
    for value, file in zip(column, files, strict=True):
        if value is None or value == '' or value != value:
            raise IBGANError(f'{name} has no value for {file!r}')
    numbers = _numbers(column)
    if numbers is not None and not np.isfinite(numbers).all():
        raise IBGANError(f'{name} is not finite for {files[int(np.argmin(np.isfinite(numbers)))]!r}')
    if kind is None:
        kind = 'continuous' if numbers is not None and _has_fraction(column) else 'categorical'
    if kind == 'continuous':
        if numbers is None:
            raise IBGANError(f'{name} is to be continuous, but holds {next(v for v in column if _numbers([v]) is None)!r}')
        return kind, numbers, None
    as_text = numbers is None or any(isinstance(value, str) and re.match(r'[+-]?0\d', value) for value in column)
    keys = [str(value) if as_text else Decimal(str(value)) for value in column]
    classes = sorted(set(keys))
    place = {value: number for number, value in enumerate(classes)}
    labels = tuple(_text(value) if isinstance(value, Decimal) else value for value in classes)
    return kind, np.array([place[value] for value in keys], dtype=np.float64), labels


def _text(number: Decimal) -> str:
    """A number in full, without zeros at its end; with an exponent where it has very many digits."""
    number = EXACT.normalize(number) or Decimal()
    _, _, exponent = number.as_tuple()
    return f'{number:f}' if -30 < int(exponent) < 30 else f'{number:e}'


def _numbers(column: Sequence) -> np.ndarray | None:
    """A column as float64 [N], None if one value is no number: Python reads ``1_0`` as one."""
    try:
        no_number = any(isinstance(value, bool) or (isinstance(value, str) and '_' in value) for value in column)
        return None if no_number else np.array([float(value) for value in column])
    except (TypeError, ValueError, OverflowError):
        return None


def _has_fraction(column: Sequence) -> bool:
    """Whether a number is written with a point, even as 1.0, or its type has decimals: then they are measurements."""
    return any(isinstance(value, float | np.floating) or (isinstance(value, str) and '.' in value)
               or (isinstance(value, Decimal) and int(value.as_tuple().exponent) < 0) for value in column)
