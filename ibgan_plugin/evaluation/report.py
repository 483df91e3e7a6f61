"""Scores as rows: one table to read, one CSV and one JSON file to keep."""
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ibgan_plugin.evaluation.meanings import explain, place
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.files import write_whole
from ibgan_plugin.utils.strict_json import write_json

#: How the keyword arguments begin that are numbers of samples.
SIZES = ('num_train', 'num_test', 'num_eval', 'num_variance_estimate', 'num_subsets', 'subset_size', 'vote_size', 'batch_size')
#: A score: protocol, metric, score, mean, std (None where there is none), num_seeds, numbers (sample sizes) and note;
#: where it is known, the checkpoint (name of its file) and its iteration.
Row = dict[str, Any]
COLUMNS = ('protocol', 'metric', 'score', 'mean', 'std', 'num_seeds', 'note', 'checkpoint', 'iteration')


def sample_sizes(keywords: Mapping[str, Any]) -> str:
    """The numbers of samples among a metric's keyword arguments, such as ``'num_train 10000, batch_size 64'``."""
    return ', '.join(f'{name} {value}' for name, value in keywords.items()
                     if name.startswith(SIZES) and isinstance(value, int))


def score_rows(scores: Mapping[str, float], metrics: Iterable[Any], checkpoint: str | None = None,
               iteration: int | None = None) -> list[Row]:
    """One row per score of an MMEngine evaluation, the headline score first.

    Args:
        scores: What the evaluation returned: ``'metric/score'`` -> value. A key with ``_std`` behind another's is its std.
        metrics: The evaluator's metrics, which know their ``protocol`` and ``protocols``, ``scores``, ``seeds``, ``prefix`` and
            ``notes``; others have ''.
        checkpoint: Name of the file whose weights were scored, where there is one.
        iteration: After which they were saved, where it is known.
    """
    origin = {key: value for key, value in (('checkpoint', checkpoint), ('iteration', iteration)) if value is not None}
    owners = {'/'.join(filter(None, (metric.prefix, name))): (metric, name) for metric in metrics
              for name in getattr(metric, 'scores', ())}
    rows = []
    for key, value in scores.items():
        if key.endswith('_std') and key.removesuffix('_std') in scores:
            continue
        name, _, score = key.rpartition('/')
        owner, own_name = owners.get(name, (None, ''))
        protocol = getattr(owner, 'protocols', {}).get(own_name) or getattr(owner, 'protocol', None) or ''
        rows.append({'protocol': protocol, 'metric': name, 'score': score, 'mean': float(value),
                     'std': float(scores[f'{key}_std']) if f'{key}_std' in scores else None,
                     'num_seeds': len(getattr(owner, 'seeds', (0, ))),
                     'numbers': sample_sizes(owner.scores[own_name]) if owner is not None else '',
                     'note': '; '.join(getattr(owner, 'notes', {}).get(own_name, ())), **origin})
    return order(rows)


def order(rows: Iterable[Row]) -> list[Row]:
    """The rows in the order in which to read them: by prefix, then metric by metric, each one's headline score first."""
    return sorted(rows, key=lambda row: (row['metric'].rpartition('/')[0], *place(row['metric'], row['score'])))


def format_rows(rows: Sequence[Row]) -> str:
    """The rows as an aligned table with a head; below it, what each score means, and what is to be said about the metrics."""
    table = [('protocol', 'metric', 'score', 'mean', 'std', 'seeds')]
    table += [(row['protocol'], row['metric'], row['score'], f'{row["mean"]:.4f}',
               '' if row['std'] is None else f'{row["std"]:.4f}', str(row['num_seeds'])) for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    lines = [f'{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:{widths[2]}}  {row[3]:>9}  {row[4]:>8}  {row[5]:>5}'
             for row in table]
    return '\n'.join([*lines, *_legend(rows)])


def _legend(rows: Sequence[Row]) -> list[str]:
    """A line a score on what it means, after a line a metric on its protocol and sample sizes."""
    lines, seen = [], set()
    for row in rows:
        if row['metric'] not in seen:
            seen.add(row['metric'])
            about = ': '.join(filter(None, (row['protocol'] and f'protocol {row["protocol"]}', row.get('numbers'))))
            lines += ['', f'{row["metric"]}' + (f' ({about})' if about else '')]
            lines += [f'  note: {row["note"]}'] if row.get('note') else []
        if meaning := explain(row['metric'], row['score']):
            lines.append(f'  {row["score"]}: {meaning}')
    return lines if any(line.startswith('  ') for line in lines) else []


def write_rows(rows: Sequence[Row], path: str | Path) -> None:
    """Write the rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction='ignore')
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def write_scores(rows: Sequence[Row], work_dir: str | Path) -> None:
    """Write ``scores.csv`` and ``scores.json`` into ``work_dir``.

    The latter is ``{metric: {score: {protocol, mean, std, num_seeds}}}``, with ``note`` where there is something to be said, and
    ``checkpoint`` and ``iteration`` where they are known.
    """
    nested: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = {key: row[key] for key in ('protocol', 'mean', 'std', 'num_seeds')}
        entry |= {key: row[key] for key in ('note', 'checkpoint', 'iteration') if row.get(key) not in (None, '')}
        nested.setdefault(row['metric'], {})[row['score']] = entry
    write_json(Path(work_dir, run_names.SCORES), nested)
    write_rows(rows, Path(work_dir, run_names.SCORES_TABLE))
