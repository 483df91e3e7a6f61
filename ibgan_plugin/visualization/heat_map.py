"""Heat maps of how codes and factors go together."""
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.figures import style


def draw_heat_map(values: np.ndarray, factors: Sequence[str], title: str, unit: str = '') -> Figure:
    """A matrix of codes and factors, with its numbers in the cells: it is read without colours, too.

    Args:
        values: Finite [C, F], at least 0: the mutual information of codes and factors, or importances.
        factors: Names of the F factors.
        title: Above it.
        unit: Of the values.

    Raises:
        IBGANError: If the shapes do not go together or a value is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(factors) or not np.isfinite(values).all():
        raise IBGANError(f'a heat map takes finite values [codes, {len(factors)} factors], got shape {list(values.shape)}')
    with style():
        figure = Figure(figsize=(1.6 + 0.75 * len(factors), 1.1 + 0.3 * len(values)))
        axes = figure.add_subplot()
        axes.grid(False)
        top = max(float(values.max()), 1e-12)
        axes.imshow(values, cmap='cividis', vmin=0, vmax=top, aspect='auto')
        for row, column in np.ndindex(*values.shape):
            color = 'black' if values[row, column] > 0.55 * top else 'white'  # on cividis, dark at 0 and light at the top
            axes.text(column, row, f'{values[row, column]:.2f}', ha='center', va='center', color=color, fontsize=8)
        axes.set_xticks(range(len(factors)), factors, parse_math=False)
        axes.set_yticks(range(len(values)), [f'r{dim}' for dim in range(len(values))])
        axes.set_title(f'{title}, {unit}' if unit else title, parse_math=False)
    return figure
