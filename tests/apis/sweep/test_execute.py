import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from ibgan_plugin.apis.sweep.execute import execute, make_executor, newest_scalars, progress_table, say_changes
from ibgan_plugin.apis.sweep.plan import make_plan
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.threads import REASON


def test_what_failed_is_named_with_its_last_lines(tmp_path, capsys):
    (tmp_path / 'bad.py').write_text("_base_ = ['" + str(Path('configs/ibgan/ibgan_dsprites.py').resolve()) + "']\n"
                                     "model = dict(encoder=dict(z_dim=3))\n")
    plan = make_plan([str(tmp_path / 'bad.py')], tmp_path / 'sweep', [0])
    failed = execute(plan, make_executor(plan.folder), workers=1, console=Console(), interval=0.2)
    assert list(failed) == ['default/seed0'] and 'the components differ in the width of z' in failed['default/seed0']


def test_a_worker_computes_with_one_thread_unless_the_user_says_otherwise(tmp_path, monkeypatch):
    plan = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0])
    nothing = plan._replace(runs=[])
    for set_by_user, threads in ((False, '1'), (True, '8')):
        monkeypatch.setenv('OMP_NUM_THREADS', '8')
        monkeypatch.delenv(REASON, raising=False)
        if not set_by_user:
            monkeypatch.setenv(REASON, 'chosen by a tool')
        execute(nothing, make_executor(plan.folder), workers=2, console=Console(), interval=0.1)
        assert os.environ['OMP_NUM_THREADS'] == threads


def test_a_log_file_hears_of_each_run(tmp_path):
    plan = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0, 1])
    heard, said = io.StringIO(), {}
    console = Console(file=heard)
    say_changes(plan, {}, [], said, console)
    assert heard.getvalue() == ''
    say_changes(plan, {plan.runs[0].name: None}, [plan.runs[0].name], said, console)
    say_changes(plan, {plan.runs[0].name: None}, [plan.runs[0].name], said, console)
    say_changes(plan, {plan.runs[0].name: None}, [], said, console)
    assert [line.split(' ', 1)[1] for line in heard.getvalue().splitlines()] == ['default/seed0: running', 'default/seed0: failed']


def test_progress_fits_on_one_screen_and_counts_all_runs(tmp_path):
    plan = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, range(30))
    heard = io.StringIO()
    console = Console(file=heard, width=100, height=20)
    last = plan.runs[-1].name
    console.print(progress_table(plan, {last: None}, [last], console.height))
    lines = heard.getvalue().splitlines()
    assert len(lines) < 20 and '1 running, 29 waiting' in lines[0] and any(last in line for line in lines)


def test_newest_scalars_come_from_the_end_of_the_newest_log(tmp_path):
    run, = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0]).runs
    assert newest_scalars(run) == {}
    log = Path(run.work_dir) / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(step=1, mi_lower_bound=0.1)) + '\n' + json.dumps(dict(step=2)) + '\n{"step": 3, "mi')
    assert newest_scalars(run) == dict(step=1, mi_lower_bound=0.1)


def test_a_machine_without_slurm_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(IBGANError, match=r'--cluster slurm: .*srun'):
        make_executor(tmp_path, cluster='slurm')


def test_an_unknown_cluster_is_refused(tmp_path):
    with pytest.raises(ValueError, match='oar'):
        make_executor(tmp_path, cluster='oar')


@pytest.mark.parametrize('hours', [float('inf'), float('nan'), 0, -1, 1e300])
def test_a_job_ends_after_some_hours_that_make_sense(tmp_path, hours):
    with pytest.raises(IBGANError, match='--hours must be above 0 and at most 8,760, got'):
        make_executor(tmp_path, hours=hours)
    assert make_executor(tmp_path, hours=0.001).parameters['timeout_min'] == 1
