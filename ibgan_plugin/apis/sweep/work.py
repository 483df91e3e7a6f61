"""What a worker of a sweep does: one run from its start, or from where it was stopped, to its scores."""
import json
import time
from pathlib import Path
from typing import Any

from filelock import FileLock
from mmengine.runner import Runner

from ibgan_plugin.apis.encoding import encode_dataset
from ibgan_plugin.apis.sweep.plan import RECORD, START, Run
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.evaluation.report import score_rows, write_scores
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole
from ibgan_plugin.utils.provenance import provenance
from ibgan_plugin.utils.run_names import numbered_checkpoints

#: Codes of the same images in every run, for the ranking without labels.
CODES = 'codes.npz'
NUM_CODES = 10_000


def train_and_score(run: Run) -> dict[str, Any]:
    """Train, test and encode; returns the run's record, which it also writes last of all.

    A run that is done is not done again. One that another worker has in hand, perhaps of a sweep that was killed, is waited for.

    Raises:
        IBGANError: If the config can not be run, or the run was stopped by a signal before its end.
    """
    folder = Path(run.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / '.sweep.lock'):
        return run.record() or _work(run, folder)


def _work(run: Run, folder: Path) -> dict[str, Any]:
    """The run itself."""
    started, cpu = time.time(), time.process_time()
    resume = 'auto' if numbered_checkpoints(folder) else None
    runner = build_runner(load_run_config(run.config, run.work_dir, dict(run.options), run.seed, resume=resume))
    write_whole(folder / START, json.dumps(dict(digest=run.digest, config=run.config, options=run.options, seed=run.seed),
                                           indent=1, default=str) + '\n')
    runner.train()
    if runner.preempted:
        raise IBGANError(f'{run.name} was stopped by a signal; the next sweep goes on from its checkpoint')
    saved = numbered_checkpoints(folder).get(runner.iter)
    rows = score_rows(runner.test(), runner.test_evaluator.metrics, saved.name if saved else None, runner.iter)
    write_scores(rows, folder)
    has_codes = write_codes(runner, folder / CODES)
    record = dict(
        digest=run.digest, config=run.config, options=run.options, seed=run.seed, iterations=runner.max_iters,
        seconds=round(time.time() - started, 1), cpu_seconds=round(time.process_time() - cpu, 1), resumed=resume is not None,
        has_codes=has_codes, scores={f'{row["metric"]}/{row["score"]}': row['mean'] for row in rows}, **provenance())
    write_whole(folder / RECORD, json.dumps(record, indent=1, default=str) + '\n')
    return record


def write_codes(runner: Runner, path: Path) -> bool:
    """Encode the same images of the test set in every run; returns whether the model can encode."""
    model = unwrap(runner.model)
    if not isinstance(model, LatentModel):
        return False
    model.eval()
    try:
        encode_dataset(model, runner.test_dataloader.dataset, path, NUM_CODES)
    except IBGANError:  # a model without a way back from images
        return False
    return True
