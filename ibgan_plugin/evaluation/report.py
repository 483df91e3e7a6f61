"""Scores as rows: one table to read, one CSV and one JSON file to keep."""
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ibgan_plugin.utils.files import write_whole

#: A score: protocol, metric, score, mean, std (None where there is none) and num_seeds.
Row = dict[str, Any]
COLUMNS = ('protocol', 'metric', 'score', 'mean', 'std', 'num_seeds')


def score_rows(scores: Mapping[str, float], metrics: Iterable[Any]) -> list[Row]:
    """One row per score of an MMEngine evaluation.

    Args:
        scores: What the evaluation returned: ``'metric/score'`` -> value. A key with ``_std`` behind another's is its std.
        metrics: The evaluator's metrics, which know their ``protocol``, ``scores``, ``seeds`` and ``prefix``; others have ''.
    """
    owners = {'/'.join(filter(None, (metric.prefix, name))): metric for metric in metrics for name in getattr(metric, 'scores', ())}
    rows = []
    for key, value in scores.items():
        if key.endswith('_std') and key.removesuffix('_std') in scores:
            continue
        name, _, score = key.rpartition('/')
        owner = owners.get(name)
        rows.append({'protocol': getattr(owner, 'protocol', None) or '', 'metric': name, 'score': score, 'mean': float(value),
                     'std': float(scores[f'{key}_std']) if f'{key}_std' in scores else None,
                     'num_seeds': len(getattr(owner, 'seeds', (0, )))})
    return rows


def format_rows(rows: Sequence[Row]) -> str:
    """The rows as an aligned table with a head."""
    table = [('protocol', 'metric', 'score', 'mean', 'std', 'seeds')]
    table += [(row['protocol'], row['metric'], row['score'], f'{row["mean"]:.4f}',
               '' if row['std'] is None else f'{row["std"]:.4f}', str(row['num_seeds'])) for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    return '\n'.join(f'{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:{widths[2]}}  {row[3]:>9}  {row[4]:>8}  {row[5]:>5}'
                     for row in table)


def write_rows(rows: Sequence[Row], path: str | Path) -> None:
    """Write the rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def write_scores(rows: Sequence[Row], work_dir: str | Path) -> None:
    """Write ``scores.csv`` and ``scores.json``, ``{metric: {score: {protocol, mean, std, num_seeds}}}``, into ``work_dir``."""
    nested: dict[str, dict[str, Any]] = {}
    for row in rows:
        nested.setdefault(row['metric'], {})[row['score']] = {key: row[key] for key in ('protocol', 'mean', 'std', 'num_seeds')}
    write_whole(Path(work_dir, 'scores.json'), json.dumps(nested, indent=1) + '\n')
    write_rows(rows, Path(work_dir, 'scores.csv'))
