"""Pictures of how codes and factors go together, beside a table of scores."""
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.utils.files import write_npz
from ibgan_plugin.utils.run_names import INFORMATION
from ibgan_plugin.visualization.figures import write_figure
from ibgan_plugin.visualization.heat_map import draw_heat_map

#: Title and unit of each matrix.
TITLES = {'mutual_information': ('Mutual information of codes and factors', 'nats'),
          'importance': ('Importance of codes in DCI', '')}


def write_heat_maps(metrics: Iterable[Any], work_dir: str | Path) -> list[Path]:
    """Write what the metrics of an evaluation found out: a picture a matrix, and all of them as arrays.

    Args:
        metrics: The evaluator's; those with ``findings`` count, see
            :class:`~ibgan_plugin.evaluation.metrics.disentanglement.DisentanglementMetric`.
        work_dir: Folder to write to.

    Returns:
        The files: ``mutual_information.png`` if MIG was computed, ``importance.png`` if DCI was, and ``information.npz``.
    """
    found: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    for metric in metrics:
        if getattr(metric, 'findings', None):
            found, names = {**metric.findings, **found}, tuple(metric.dataset_meta['factor_names'])
    if not found:
        return []
    written = [Path(work_dir, f'{name}.png') for name in found]
    for path, (name, matrix) in zip(written, found.items(), strict=True):
        write_figure(path, draw_heat_map(matrix, names, *TITLES[name]))
    write_npz(Path(work_dir, INFORMATION), dict(factor_names=np.array(names), **found))
    return [*written, Path(work_dir, INFORMATION)]
