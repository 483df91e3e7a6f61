"""Codes with labels but no grid behind them: enough for the metrics that need no intervention on the factors."""
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid, Rng, grid_of
from ibgan_plugin.evaluation.checks import check_codes, check_factors, check_matrix
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable, Split
from ibgan_plugin.evaluation.disentanglement.discrete import discretize
from ibgan_plugin.evaluation.disentanglement.findings import Findings
from ibgan_plugin.utils.errors import IBGANError

#: Equal-width bins over its whole range in which a continuous factor stands for classes, in metrics that need classes.
CONTINUOUS_BINS = 20


def as_classes(factors: np.ndarray, continuous: np.ndarray) -> np.ndarray:
    """Finite factors [N, F] as int64, those that are ``continuous`` (bool [F]) by :data:`CONTINUOUS_BINS` bins.

    Raises:
        IBGANError: If a factor that is not continuous has a fraction.
    """
    classes = np.empty(factors.shape, dtype=np.int64)
    if continuous.any():
        classes[:, continuous] = discretize(factors[:, continuous].astype(np.float64), CONTINUOUS_BINS)
    if not continuous.all():
        classes[:, ~continuous] = check_factors(factors[:, ~continuous], name='factors that are not continuous')
    return classes


class LabelledCodes:
    """Codes of arbitrary samples and the factor values of those samples.

    Metrics that are defined for continuous factors use those as they are (SAP by correlation, DCI and InfoE by regression); the
    others use :data:`CONTINUOUS_BINS` bins of them.

    Args:
        codes: Codes [N, C].
        factors: Factor values [N, F].
        continuous: Whether each factor is continuous, bool [F]. By default a factor with a fraction in it is.
        names: Of the factors, where they are known.

    Raises:
        IBGANError: If the shapes disagree, a number is NaN or infinite, or a factor that is not continuous has a fraction.

    >>> import numpy as np
    >>> source = LabelledCodes(np.zeros((4, 10)), factors=np.array([[0, 0.5], [1, 0.1], [0, 0.3], [1, 0.2]]))
    >>> source.continuous
    array([False,  True])
    """

    def __init__(self, codes: np.ndarray, factors: np.ndarray, continuous: Sequence[bool] | np.ndarray | None = None,
                 names: Sequence[str] = ()) -> None:
        self.codes, self.names = check_codes(codes), tuple(names)
        self.findings = Findings()
        factors = np.asarray(factors)
        if factors.ndim != 2 or len(factors) != len(self.codes) or factors.shape[1] == 0:
            raise IBGANError(f'factors must have shape [{len(self.codes)}, F] with F >= 1, got {list(factors.shape)}')
        self.values = check_matrix(factors, 'factors', 'N, F')
        if continuous is None:
            self.continuous = (self.values != np.floor(self.values)).any(axis=0)
        else:
            self.continuous = np.asarray(continuous)
            if self.continuous.shape != factors.shape[1:] or self.continuous.dtype != bool:
                raise IBGANError(f'continuous must be one bool for each of the {factors.shape[1]} factors, got {continuous!r}')
        self.factors = as_classes(factors, self.continuous)

    def split(self, rng: Rng, *, num_train: int, batch_size: int, num_test: int = 0) -> list[Split]:
        """Disjoint random rows: ``num_train`` and, if not 0, ``num_test`` of them; fewer of each where there are too few.

        Both sizes shrink in proportion, with a warning. ``batch_size`` is of no account here: nothing is drawn in batches.

        Raises:
            IBGANError: If a set would be empty.
        """
        sizes = [num for num in (num_train, num_test) if num]
        total = min(sum(sizes), len(self.codes))
        ends = [round(total * end / sum(sizes)) for end in np.cumsum(sizes).tolist()]
        parts = np.split(rng.permutation(len(self.codes))[:total], ends[:-1])
        if any(not len(part) for part in parts):
            raise IBGANError(f'{len(self.codes)} labelled samples are too few to split in the proportion {list(sizes)}')
        if total < sum(sizes):
            warnings.warn(f'only {" + ".join(str(len(part)) for part in parts)} samples instead of {" + ".join(map(str, sizes))}')
        return [Split(self.codes[part], self.factors[part], self.values[part]) for part in parts]

    def to_grid(self) -> CodeTable:
        """The table of the grid that the samples fill, each cell once, in any order.

        Raises:
            IBGANError: If a factor is continuous, or a combination of values is missing or occurs twice.
        """
        if self.continuous.any():
            first = int(self.continuous.argmax())
            raise IBGANError(f'factor {self.names[first] if self.names else first!r} is continuous')
        columns = [np.unique(column, return_inverse=True) for column in self.factors.T]
        sizes = tuple(len(values) for values, _ in columns)
        num_cells = int(np.prod([float(size) for size in sizes]))
        if num_cells != len(self.codes):
            raise IBGANError(f'the {len(self.codes)} samples do not have each of the {num_cells} combinations of values once')
        index = np.ravel_multi_index(tuple(labels for _, labels in columns), sizes)
        return CodeTable(FactorGrid(tuple(f'factor_{k}' for k in range(len(sizes))), sizes), index, self.codes)


#: Where metrics without intervention take their samples from: both have ``split``.
CodeSource = CodeTable | LabelledCodes


def reason_without_grid(source: CodeSource) -> str:
    """Why metrics that choose factors can not be computed; '' where they can."""
    try:
        source.to_grid()
    except IBGANError as error:
        return f'it fixes factors and draws the others, which needs codes of the whole grid: {error}'
    return ''


def source_of(meta: Mapping[str, Any], numbers: np.ndarray, codes: np.ndarray, factors: np.ndarray | None = None) -> CodeSource:
    """Codes of samples of a data set with what is known of their factors.

    Args:
        meta: The data set's ``metainfo``, with ``factor_names`` and ``factor_sizes``; ``factor_kinds`` too where it is no grid.
        numbers: Of the samples, int64 [N]: cells where it is a grid.
        codes: Theirs [N, C].
        factors: Those of all samples of a data set that is no grid, in their order.
    """
    grid = grid_of(meta)
    if grid is not None:
        return CodeTable(grid, numbers, codes)
    assert factors is not None, 'a data set that is no grid has factors'
    return LabelledCodes(codes, factors[numbers], [kind == 'continuous' for kind in meta['factor_kinds']], meta['factor_names'])
