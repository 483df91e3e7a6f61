"""The results of a sweep in one table."""
import csv
import io
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ibgan_plugin.apis.sweep.plan import Plan, Run
from ibgan_plugin.apis.sweep.work import CODES
from ibgan_plugin.evaluation.compare_runs import compare_runs, load_runs
from ibgan_plugin.evaluation.disentanglement.protocols import RUNS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole

#: Label-free scores: UDR among the seeds of a setting, ModelCentrality among all runs that encoded the same data.
RANKINGS = tuple(RUNS)
#: What stands before and behind the scores of a run.
HEAD, TAIL = ('setting', 'seed', 'status'), ('seconds', 'commit', 'torch', 'numpy', 'cpu')
#: Why a run has no ranking, or one among some of the runs alone, or which part of its time is known; a row has it where there is
#: something to be said.
NOTE = 'note'

Row = dict[str, Any]


def collect(plan: Plan, failed: Sequence[str] = ()) -> list[Row]:
    """One row a run: setting, seed, status (done, failed, missing), scores, label-free scores, time, versions
    and, where a ranking is not among all runs or the time not all of it, a note.

    Args:
        plan: The sweep.
        failed: Names of runs that failed.
    """
    rows, records = [], {run.name: run.record() for run in plan.runs}
    for run in plan.runs:
        record = records[run.name]
        status = 'done' if record else 'failed' if run.name in failed else 'missing'
        row: Row = dict(setting=run.setting, seed=run.seed, status=status)
        if record:
            row |= record['scores'] | {key: record[key] for key in TAIL}
        rows.append(row)
    encoded = [run for run in plan.runs if (records[run.name] or {}).get('has_codes')]
    notes = _ranking(encoded)
    _note(notes, [run for run in plan.runs if (records[run.name] or {}).get('resumed')], 'resumed: seconds are of its last part')
    for name, scores in notes.items():
        rows[[run.name for run in plan.runs].index(name)] |= scores
    return rows


def _ranking(runs: Sequence[Run]) -> defaultdict[str, Row]:
    """Label-free scores of each run, as far as there are others to compare it with, and a note where they are not all runs."""
    ranking: defaultdict[str, Row] = defaultdict(dict)
    by_setting, by_data = defaultdict(list), defaultdict(list)
    for run in runs:
        by_setting[run.setting].append(run)
        by_data[run.data].append(run)
    for names, group in [(RANKINGS[:2], group) for group in by_setting.values()] + [
            (RANKINGS[2:], group) for group in by_data.values()]:
        if names == RANKINGS[2:] and len(by_data) > 1:
            _note(ranking, group, f'{", ".join(names)} among the {len(group)} runs of the same test data' if len(group) > 1 else
                  f'no {", ".join(names)}: no other run is of the same test data')
        if len(group) > 1:
            _rank(ranking, group, names)
    return ranking


def _rank(ranking: dict[str, Row], group: Sequence[Run], names: Sequence[str]) -> None:
    """Add the scores ``names`` of a group, or a note why there are none."""
    paths = {str(Path(run.work_dir) / CODES): run.name for run in group}
    try:
        for path, scores in compare_runs(load_runs(list(paths)), names=names).items():
            ranking[paths[path]] |= scores
    except IBGANError as error:
        _note(ranking, group, f'no {", ".join(names)}: {error}')


def _note(ranking: dict[str, Row], group: Sequence[Run], text: str) -> None:
    """Add a note to each run of a group."""
    for run in group:
        ranking[run.name][NOTE] = '; '.join(filter(None, (ranking[run.name].get(NOTE), text)))


def score_columns(rows: Sequence[Row]) -> list[str]:
    """Names of the scores, in the order in which they first appear, those without labels last."""
    names = dict.fromkeys(key for row in rows for key in row if key not in (*HEAD, *TAIL, *RANKINGS, NOTE))
    return [*names, *(name for name in RANKINGS if any(name in row for row in rows))]


def means(rows: Sequence[Row]) -> list[Row]:
    """One row a setting: the number of runs, and ``(mean, std)`` of each score over its finished seeds."""
    settings = dict.fromkeys(row['setting'] for row in rows)
    result = []
    for setting in settings:
        done = [row for row in rows if row['setting'] == setting and row['status'] == 'done']
        summary: Row = dict(setting=setting, runs=len(done))
        for name in score_columns(rows):
            values = [row[name] for row in done if row.get(name) is not None]
            if values:
                summary[name] = (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)
        result.append(summary)
    return result


def format_csv(rows: Sequence[Row]) -> str:
    """All runs, one line each, and below the runs of each setting a line with the status ``mean`` and one with ``std``."""
    buffer = io.StringIO()
    note = [NOTE] if any(NOTE in row for row in rows) else []
    writer = csv.DictWriter(buffer, [*HEAD, *score_columns(rows), *TAIL, *note], restval='', lineterminator='\n')
    writer.writeheader()
    for summary in means(rows):
        writer.writerows(row for row in rows if row['setting'] == summary['setting'])
        for place, status in enumerate(('mean', 'std') if summary['runs'] > 1 else ()):
            scores = {name: summary[name][place] for name in score_columns(rows) if name in summary}
            writer.writerow(dict(setting=summary['setting'], status=status) | scores)
    return buffer.getvalue()


def format_markdown(rows: Sequence[Row]) -> str:
    """All runs, and below the runs of each setting their mean and standard deviation; then what made them."""
    columns = score_columns(rows)
    lines = ['| ' + ' | '.join([*HEAD, *columns, 'seconds']) + ' |', '|' + '---|' * (len(HEAD) + len(columns) + 1)]
    for summary in means(rows):
        group = [row for row in rows if row['setting'] == summary['setting']]
        for row in group:
            cells = [str(row[key]) for key in HEAD] + [_number(row.get(name)) for name in columns] + [str(row.get('seconds', ''))]
            lines.append('| ' + ' | '.join(cells) + ' |')
        if summary['runs'] > 1:
            cells = [_mean(summary.get(name)) for name in columns]
            lines.append(f'| **{summary["setting"]}** | {summary["runs"]} seeds | mean +- std | ' + ' | '.join(cells) + ' | |')
    made_by = {tuple(row[key] for key in TAIL[1:]) for row in rows if row['status'] == 'done'}
    lines += ['', *(f'Commit {commit or "unknown"}, torch {torch}, numpy {numpy}, {cpu}.'
                    for commit, torch, numpy, cpu in sorted(made_by))]
    return '\n'.join([*lines, *_notes(rows)]) + '\n'


def _notes(rows: Sequence[Row]) -> list[str]:
    """A line for each note, and before it the runs that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        if NOTE in row:
            about.setdefault(row[NOTE], []).append(f'{row["setting"]}/seed{row["seed"]}')
    return [line for note, runs in about.items() for line in ('', f'{", ".join(runs)}: {note}.')]


def write_table(rows: Sequence[Row], folder: Path) -> tuple[Path, Path]:
    """Write ``sweep.csv`` and ``sweep.md`` into the sweep's folder, each whole or not at all."""
    paths = folder / 'sweep.csv', folder / 'sweep.md'
    for path, text in zip(paths, (format_csv(rows), format_markdown(rows)), strict=True):
        write_whole(path, text)
    return paths


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.3f}'


def _mean(value: tuple[float, float | None] | None) -> str:
    if value is None:
        return ''
    mean, std = value
    return f'{mean:.3f}' if std is None else f'{mean:.3f} +- {std:.3f}'
