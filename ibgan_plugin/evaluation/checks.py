"""Checks of what the public functions of both families of metrics take: shapes, types, finiteness, range."""
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ibgan_plugin.utils.errors import IBGANError

#: Larger numbers are refused: their squares, summed over a billion samples, must be finite.
LARGEST = 1e140
#: Larger whole numbers are not exact in float64.
LARGEST_LABEL = 2**53


def check_sizes(least: int = 1, /, **sizes: int) -> None:
    """Raise an IBGANError that names it unless each keyword is an integer >= ``least``."""
    for name, value in sizes.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise IBGANError(f'{name} must be an integer >= {least}, got {value!r}')


def check_range(low: float, high: float, /, **numbers: float) -> None:
    """Raise an IBGANError that names it unless each keyword is a number in [``low``, ``high``], infinite ``high`` excluded."""
    for name, value in numbers.items():
        is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or value == np.inf:
            allowed = f'in [{low:g}, {high:g}]' if high < np.inf else f'>= {low:g}'
            raise IBGANError(f'{name} must be {allowed}, got {value!r}')


def check_choice(choices: Sequence[str] | Mapping[str, Any], /, **values: str) -> None:
    """Raise an IBGANError that names it unless each keyword is one of ``choices``."""
    for name, value in values.items():
        if not isinstance(value, str) or value not in choices:
            raise IBGANError(f'{name} must be one of {", ".join(choices)}, got {value!r}')


def random_state(seed: int) -> np.random.RandomState:
    """``RandomState(seed)``, whose stream is frozen; IBGANError unless ``seed`` is an integer in 0..2^32 - 1."""
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise IBGANError(f'seed must be an integer in 0..{2**32 - 1}, got {seed!r}')
    return np.random.RandomState(seed)


def check_matrix(values: np.ndarray, name: str, shape: str = 'N, C', *, least: int = 1, low: float = -LARGEST) -> np.ndarray:
    """``values`` as a finite float64 array of two dimensions.

    Args:
        values: Real numbers or booleans.
        name: What it is called in messages.
        shape: Letters of its dimensions, for messages.
        least: Least number of rows; there is at least one column.
        low: Least value.

    Raises:
        IBGANError: If the type, the shape or a value is another; the message gives the shape, or the place and the value.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[0] < least or values.shape[1] < 1 or values.dtype.kind not in 'fiub':
        first, second = shape.split(', ')
        raise IBGANError(f'{name} must be real numbers of shape [{shape}] with {first} >= {least} and {second} >= 1, '
                         f'got {values.dtype} of shape {list(values.shape)}')
    values = values.astype(np.float64)
    bad = ~((values >= low) & (values <= LARGEST))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        allowed = 'finite' if low == -LARGEST else f'finite and >= {low:g}'
        raise IBGANError(f'{name} must be {allowed}, got {values[row, column]} in row {row}, column {column}')
    return values


def check_codes(codes: np.ndarray, least: int = 1) -> np.ndarray:
    """``codes`` as a finite float64 array [N, C] with N >= ``least``.

    Raises:
        IBGANError: If there are too few samples or no code, the shape is not [N, C], or a value is NaN, infinite or beyond
            :data:`LARGEST` (the message names the code and the first such sample).
    """
    codes = np.asarray(codes)
    if codes.ndim == 2 and codes.dtype.kind == 'f':
        codes = codes.astype(np.float64)
        bad = ~(np.abs(codes) <= LARGEST)
        if bad.any():
            column = int(np.flatnonzero(bad.any(axis=0))[0])
            row = int(np.flatnonzero(bad[:, column])[0])
            raise IBGANError(f'code {column} is {codes[row, column]} in sample {row}; every code must be finite, and at most '
                             f'{LARGEST:g} in magnitude')
    return check_matrix(codes, 'codes', least=least)


def check_factors(factors: np.ndarray, num: int | None = None, name: str = 'factors') -> np.ndarray:
    """Discrete ``factors`` as int64 [N, F].

    Args:
        factors: Integers, booleans, or floats without a fraction.
        num: Number of samples N that there must be; None for any.
        name: What it is called in messages.

    Raises:
        IBGANError: If the shape is another or a value is no whole number: none is rounded or cut off.
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or 0 in factors.shape or num not in (None, len(factors)) or factors.dtype.kind not in 'fiub':
        raise IBGANError(f'{name} must have shape [{"N" if num is None else num}, F] with F >= 1, '
                         f'got {factors.dtype} of shape {list(factors.shape)}')
    if factors.dtype.kind != 'b':
        bad = ~((np.abs(factors) <= LARGEST_LABEL) & (factors == np.floor(factors)))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise IBGANError(f'{name} must be integers, got {factors[row, column]} for factor {column} in sample {row}')
    return factors.astype(np.int64)


def check_labels(labels: np.ndarray, num: int, name: str = 'labels') -> np.ndarray:
    """One discrete factor as int64 [N]; IBGANError as :func:`check_factors`."""
    labels = np.asarray(labels)
    if labels.shape != (num, ):
        raise IBGANError(f'{name} must have shape [{num}], got {list(labels.shape)}')
    return check_factors(labels[:, None], num, name)[:, 0]


def check_covariance(covariance: np.ndarray) -> np.ndarray:
    """``covariance`` as a finite symmetric float64 array [C, C] with variances >= 0; IBGANError otherwise."""
    covariance = check_matrix(covariance, 'covariance', 'C, C')
    if covariance.shape[0] != covariance.shape[1]:
        raise IBGANError(f'covariance must have shape [C, C], got {list(covariance.shape)}')
    scale = np.abs(covariance).max()
    if (np.diag(covariance) < 0).any() or np.abs(covariance - covariance.T).max() > 1e-6 * scale:
        raise IBGANError('covariance must be symmetric with variances >= 0 on its diagonal')
    return covariance


def check_keywords(name: str, compute: Callable, keywords: Mapping[str, Any], given: Sequence[str] = ()) -> dict[str, Any]:
    """``keywords`` if they are the keyword-only arguments of ``compute``, apart from those ``given`` elsewhere.

    Raises:
        IBGANError: If a keyword is unknown or missing; names the metric ``name`` and the keywords it takes.
    """
    parameters = inspect.signature(compute).parameters.values()
    allowed = {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in given}
    unknown = [key for key in keywords if key not in allowed]
    missing = [key for key, is_required in allowed.items() if is_required and key not in keywords]
    if unknown or missing:
        raise IBGANError(f'{name} takes the keywords {", ".join(allowed) or "(none)"}; unknown: {unknown}, missing: {missing}')
    return dict(keywords)
