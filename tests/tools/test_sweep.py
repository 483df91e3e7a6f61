"""A sweep as a user runs it: killed in the middle, run again, one table."""
import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.tools.commands import ROOT, environment, run, small_config

KEY = 'model.kl_loss.beta'


def command(place, *more):
    return [sys.executable, ROOT / 'tools/sweep.py', place / 'ibgan_quick_dsprites.py', '--seeds', 0, 1, '--work-dir', 'sweep',
            '--grid', f'{KEY}=0.07,0.141', '--workers', 2, '--cfg-options', 'train_dataloader.batch_size=4',
            'train_cfg.max_iters=12', 'train_cfg.val_interval=100', 'train_cfg.val_begin=100',
            'default_hooks.checkpoint.interval=2', *more]


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sweep')
    small_config(folder, 'ibgan_quick_dsprites')
    return folder


@pytest.fixture(scope='module')
def killed(place):
    """A sweep whose processes are all killed when the first run is done."""
    process = subprocess.Popen([str(part) for part in command(place)], cwd=place, env=environment(), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.time() + 240
    while not list(place.glob('sweep/*/*/sweep_run.json')) and process.poll() is None and time.time() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return {path.parent for path in place.glob('sweep/*/*/sweep_run.json')}


def test_a_killed_sweep_goes_on_and_ends_with_one_table(place, killed):
    assert 1 <= len(killed) < 4
    before = {folder: (folder / 'sweep_run.json').stat().st_mtime_ns for folder in killed}
    done = run(*command(place), cwd=place)
    assert {folder: (folder / 'sweep_run.json').stat().st_mtime_ns for folder in killed} == before, 'a finished run was done again'
    table = list(csv.DictReader((place / 'sweep' / 'sweep.csv').open()))
    assert [row['status'] for row in table] == ['done', 'done', 'mean', 'std'] * 2
    rows = [row for row in table if row['seed']]
    assert [(row['setting'], row['seed'], row['status']) for row in rows] == [
        (f'beta={beta}', seed, 'done') for beta in ('0.07', '0.141') for seed in '01']
    for row in rows:
        record = json.loads((place / 'sweep' / row['setting'] / f'seed{row["seed"]}' / 'sweep_run.json').read_text())
        assert record['iterations'] == 12 and record['options'][KEY] == float(row['setting'].partition('=')[2])
        assert float(row['factor_vae/eval_accuracy']) == record['scores']['factor_vae/eval_accuracy']
        assert row['model_centrality'] and row['udr_spearman'] and row['torch']
    table = (place / 'sweep' / 'sweep.md').read_text()
    assert table in done.stdout and table.count('mean +- std') == 2


def test_a_sweep_that_is_over_runs_nothing(place, killed):
    assert run(*command(place, '--dry-run'), cwd=place).stdout.count(': done') == 4


def test_a_finished_run_of_another_config_is_not_taken(place, killed):
    refused = run(*command(place, '--cfg-options', 'train_cfg.val_begin=99'), cwd=place, check=False)
    assert refused.returncode == 2 and 'holds the finished run of another config' in refused.stderr
