import json
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.apis.sweep.plan import RECORD, make_plan
from ibgan_plugin.apis.sweep.table import collect, format_csv, format_markdown, means
from ibgan_plugin.apis.sweep.work import CODES

MADE_BY = dict(seconds=1.5, commit='abc', torch='2', numpy='2', cpu='a processor')


def leave(run, codes, scores=None):
    """Make a run done."""
    folder = Path(run.work_dir)
    folder.mkdir(parents=True)
    np.savez(folder / CODES, codes=codes)
    (folder / RECORD).write_text(json.dumps(dict(digest=run.digest, has_codes=True, scores=scores or {}, **MADE_BY)))


@pytest.fixture
def plan(tmp_path):
    """Two settings with two seeds; one run of the second setting is missing."""
    plan = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0, 1], {'model.kl_loss.beta': [0.1, 0.2]})
    shared = np.random.RandomState(0).randn(500, 3)
    for number, run in enumerate(plan.runs[:3]):
        # the first two tell the same apart, the third nothing
        codes = shared[:, ::-1] if number == 1 else shared if number == 0 else np.random.RandomState(1).randn(500, 3)
        leave(run, codes, {'factor_vae/eval_accuracy': 0.4 + 0.2 * number})
    return plan


def test_rows_and_their_means(plan):
    rows = collect(plan, failed=['beta=0.2/seed1'])
    assert [row['status'] for row in rows] == ['done', 'done', 'done', 'failed']
    first, second = means(rows)
    assert first['runs'] == 2 and first['factor_vae/eval_accuracy'] == (pytest.approx(0.5), pytest.approx(0.1 * 2**0.5))
    assert second['factor_vae/eval_accuracy'] == (pytest.approx(0.8), None)


def test_ranking_without_labels(plan):
    rows = collect(plan)
    assert rows[0]['udr_spearman'] == pytest.approx(1, abs=0.05), 'the codes of both seeds, in another order'
    assert 'udr_spearman' not in rows[2], 'no second seed to compare it with'
    assert rows[2]['model_centrality'] < rows[0]['model_centrality']


def test_one_table(plan):
    rows = collect(plan)
    lines = format_csv(rows).splitlines()
    assert len(lines) == 7 and lines[0].startswith('setting,seed,status,factor_vae/eval_accuracy,udr_spearman')
    mean, std = lines[3].split(','), lines[4].split(',')
    assert mean[:3] == ['beta=0.1', '', 'mean'] and std[:3] == ['beta=0.1', '', 'std']
    assert [float(line[3]) for line in (mean, std)] == pytest.approx([0.5, 0.1 * 2**0.5])
    table = format_markdown(rows)
    assert '| **beta=0.1** | 2 seeds | mean +- std | 0.500 +- 0.141 |' in table and '| beta=0.2 | 1 | missing |' in table
    assert 'Commit abc, torch 2, numpy 2, a processor.' in table


def test_the_seconds_of_a_resumed_run_are_not_taken_for_all_of_them(plan):
    path = Path(plan.runs[1].work_dir) / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | dict(resumed=True)))
    rows = collect(plan)
    assert [row.get('note') for row in rows[:2]] == [None, 'resumed: seconds are of its last part']
    assert 'beta=0.1/seed1: resumed: seconds are of its last part.' in format_markdown(rows).splitlines()


def test_runs_of_other_data_are_not_ranked_together_and_the_table_says_so(tmp_path):
    plan = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0, 1], {'test_dataloader.dataset.data_root': ['/a', '/b']})
    random = np.random.RandomState(0)
    for run, size in zip(plan.runs[:3], (500, 500, 400), strict=True):
        leave(run, random.randn(size, 3))
    rows = collect(plan)
    assert ['model_centrality' in row for row in rows] == ['udr_lasso' in row for row in rows] == [True, True, False, False]
    assert rows[2]['note'] == 'no model_centrality: no other run is of the same test data' and 'note' not in rows[3]
    assert format_csv(rows).splitlines()[0].endswith(',cpu,note')
    assert ('data_root=_a/seed0, data_root=_a/seed1: model_centrality among the 2 runs of the same test data.'
            in format_markdown(rows).splitlines())


def test_codes_that_do_not_fit_together_cost_no_table(plan):
    np.savez(Path(plan.runs[1].work_dir) / CODES, codes=np.zeros((7, 3)))
    rows = collect(plan)
    assert not any('model_centrality' in row for row in rows) and rows[0]['status'] == 'done'
    assert rows[0]['note'].count('same two or more samples') == 2
    assert 'note' not in format_csv(collect(plan._replace(runs=plan.runs[2:])))
