"""Running a sweep through submitit, and its progress on one screen."""
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import submitit
from rich.console import Console
from rich.live import Live
from rich.table import Table

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.apis.sweep.plan import Plan, Run
from ibgan_plugin.apis.sweep.work import train_and_score
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.threads import use_threads

#: Where submitit keeps its files, below the sweep's folder.
JOBS = 'jobs'
#: After so many hours a run may be ended at most: a year.
MAX_HOURS = 24 * 365
#: Lines of a failed run's log that are shown.
TAIL_LINES = 12
#: Of a run, those that say most of the progress first.
STATES = ('running', 'failed', 'waiting', 'done')
#: Lines of the progress that are not of a run: title, head, frame, and the cursor's.
ABOVE_AND_BELOW = 6


def make_executor(folder: Path, cluster: str = 'local', hours: float = 24 * 30, parallel: int = 2,
                  **slurm: Any) -> submitit.Executor:
    """A submitit executor: ``'local'`` processes on this machine, or ``'slurm'``.

    Args:
        folder: The sweep's folder.
        cluster: ``'local'`` or ``'slurm'``.
        hours: After so many a job is ended, in whole minutes rounded up.
        parallel: Jobs at once, for an array of Slurm's.
        slurm: Parameters of submitit's Slurm executor without their prefix, such as ``partition='gpu'``.

    Raises:
        IBGANError: If ``hours`` are none, or more than a year, or this machine is of no such cluster.
    """
    if not 0 < hours <= MAX_HOURS:
        raise IBGANError(f'--hours must be above 0 and at most {MAX_HOURS:,}, got {hours:g}')
    try:
        executor = submitit.AutoExecutor(folder=folder / JOBS / '%j', cluster=cluster)
    except RuntimeError as error:
        raise IBGANError(f'--cluster {cluster}: {error}') from error
    executor.update_parameters(timeout_min=math.ceil(60 * hours), name='ibgan_sweep', cpus_per_task=1,
                               slurm_array_parallelism=parallel, **{f'slurm_{key}': value for key, value in slurm.items()})
    return executor


def execute(plan: Plan, executor: submitit.Executor, workers: int | None, console: Console,
            interval: float = 2.0) -> dict[str, str]:
    """Run what is not done and show the progress until all is.

    Args:
        plan: The sweep.
        executor: See :func:`make_executor`.
        workers: Runs at once; None hands all to the executor at the same time, as for Slurm, which has a queue of its own.
        console: Where the progress is shown.
        interval: Seconds between two looks.

    Returns:
        Name of each run that failed -> the last lines of its log. The others of the plan are done.
    """
    use_threads(1, 'one a worker of the sweep')  # workers share the machine: more threads would only wait for each other
    waiting = [run for run in plan.runs if run.record() is None]
    said: dict[str, str] = {}
    jobs: dict[str, submitit.Job] = {}
    try:
        with Live(console=console, auto_refresh=False) as live:
            if workers is None and waiting:
                with executor.batch():
                    jobs = {run.name: executor.submit(train_and_score, run) for run in waiting}
                waiting = []
            while True:
                running = [name for name, job in jobs.items() if not job.done()]
                while waiting and workers is not None and len(running) < workers:
                    run = waiting.pop(0)
                    jobs[run.name] = executor.submit(train_and_score, run)
                    running.append(run.name)
                if console.is_terminal:
                    live.update(progress_table(plan, jobs, running, console.height), refresh=True)
                else:
                    say_changes(plan, jobs, running, said, console)
                if not running and not waiting:
                    break
                time.sleep(interval)
    except KeyboardInterrupt:
        for job in jobs.values():
            job.cancel(check=False)
        raise
    return {name: last_lines(job) for name, job in jobs.items() if not _succeeded(job)}


def _succeeded(job: submitit.Job) -> bool:
    """Whether a job that is over gave a result."""
    try:
        return job.exception() is None
    except submitit.core.utils.UncompletedJobError:  # killed before it could write one
        return False


def last_lines(job: submitit.Job, count: int = TAIL_LINES) -> str:
    """The end of what a job printed, its errors last."""
    texts = [text for text in (job.stdout(), job.stderr()) if text]
    return '\n'.join('\n'.join(text.strip().splitlines()[-count:]) for text in texts) or 'it printed nothing'


def state_of(run: Run, jobs: Mapping[str, submitit.Job], running: Sequence[str]) -> str:
    """One of :data:`STATES`."""
    if run.record():
        return 'done'
    if run.name in running:
        return 'running'
    return 'failed' if run.name in jobs else 'waiting'


def say_changes(plan: Plan, jobs: Mapping[str, submitit.Job], running: Sequence[str], said: dict[str, str],
                console: Console) -> None:
    """A line for each run whose state is not what was ``said`` of it, for a log file."""
    for run in plan.runs:
        state = state_of(run, jobs, running)
        if said.get(run.name, 'waiting') != state:
            console.print(f'{time.strftime("%H:%M:%S")} {run.name}: {state}', markup=False, highlight=False)
        said[run.name] = state


def progress_table(plan: Plan, jobs: Mapping[str, submitit.Job], running: Sequence[str], height: int) -> Table:
    """One line a run: its state, iteration and newest bounds; where ``height`` lines do not hold all, what is done goes first."""
    states = {run.name: state_of(run, jobs, running) for run in plan.runs}
    counts = Counter(states.values())
    table = Table('run', 'state', 'iteration', 'I_L', 'I_U', 'seconds an iteration',
                  title=', '.join(f'{counts[state]} {state}' for state in STATES if counts[state]))
    room = max(height - ABOVE_AND_BELOW, 1)
    runs = plan.runs if len(plan.runs) <= room else sorted(plan.runs, key=lambda run: STATES.index(states[run.name]))[:room]
    for run in runs:
        scalars = newest_scalars(run)
        table.add_row(run.name, states[run.name], str(scalars.get('step', '')), _short(scalars.get('mi_lower_bound')),
                      _short(scalars.get('mi_upper_bound')), _short(scalars.get('time')))
    return table


def newest_scalars(run: Run) -> dict[str, float]:
    """The newest value of each scalar of a run and its ``step``; empty where nothing has been logged yet."""
    try:
        scalars = RunDir(run.work_dir).scalars
    except IBGANError:
        return {}
    newest = {key: float(series.values[-1]) for key, series in scalars.items()}
    return newest | {'step': max((int(series.steps[-1]) for series in scalars.values()), default=0)}


def _short(value: float | None) -> str:
    return '' if value is None else f'{value:.2f}'
