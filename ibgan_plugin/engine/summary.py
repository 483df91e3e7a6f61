"""What a log says before the first and after the last iteration."""
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine
import torch
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ibgan_plugin.engine.log import header, parameter_counts
from ibgan_plugin.engine.resume import named_wrappers
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.threads import describe_threads


def what_begins(runner: Runner, loaders: Mapping[str, DataLoader], seed: int | None, start: str, device: torch.device) -> str:
    """A header of a line each: config, model, data, optimisers, length, device, start, and what is written where.

    Args:
        runner: About to train.
        loaders: ``train_dataloader``, and ``val_dataloader`` if there is validation.
        seed: The run's.
        start: What it starts from.
        device: Where it computes.
    """
    model, loop, train = unwrap(runner.model), runner.train_loop, loaders['train_dataloader']
    dataset: Any = train.dataset
    shape = ' of ' + ' x '.join(map(str, model.image_shape)) if isinstance(model, LatentModel) else ''
    steps = [f'{runner.max_iters:,} iterations', *([f'validation every {loop.val_interval:,}'] if len(loaders) > 1 else []),
             *(f'checkpoint every {hook.interval:,}' for hook in runner.hooks if isinstance(hook, CheckpointHook))]
    optimizers = [f'{name} {type(wrapper.optimizer).__name__} {wrapper.optimizer.param_groups[0]["lr"]:g}'.strip()
                  for name, wrapper in named_wrappers(runner.optim_wrapper).items()]
    processes = f' on each of {runner.world_size} processes' if runner.world_size > 1 else ''
    return 'training begins\n' + header(
        config=f'{runner.cfg.filename or "none"}, seed {seed}',
        model=parameter_counts(model),
        data=f'{type(dataset).__name__}, {len(dataset):,} images{shape}, batches of {train.batch_size}{processes}',
        optimisers=', '.join(optimizers),
        length=', '.join(steps),
        device=f'{device}, threads: {describe_threads()}; PyTorch {torch.__version__}, MMEngine {mmengine.__version__}',
        start=start,
        writes=f'{runner.work_dir} ({Path(runner.log_dir).name}/ has the whole config, the log and {run_names.SCALARS})')


def dumped_config(runner: Runner) -> Path:
    """The file in the work directory to which the runner writes its whole config, options included."""
    return Path(runner.work_dir, Path(runner.cfg.filename or f'{runner.timestamp}.py').name)


def what_is_where(runner: Runner, scores: Mapping[str, Any]) -> str:
    """The end of a run: the score of the last validation, what has been written, and what to do next."""
    info = runner.message_hub.runtime_info
    saved = info.get('last_good_ckpt') or info.get('last_ckpt')
    score = next((f'{key} {value:.4f}' for key, value in scores.items() if isinstance(value, float)), None)
    pictures = sorted(Path(runner.work_dir).glob(f'{run_names.TRAVERSAL}_*.png'))
    rows = dict(
        score=f'{score} (validation)' if score else '',
        checkpoint=str(saved or ''),
        picture=str(pictures[-1]) if pictures else '',
        curves=str(Path(runner.log_dir) / run_names.VIS_DATA / run_names.SCALARS),
        next=shlex.join(['python', 'tools/test.py', str(dumped_config(runner)), saved, '--work-dir', runner.work_dir])
        if saved and runner.cfg.get('test_cfg') is not None else '')
    return f'{runner.iter:,} iterations are done\n' + header(**{name: text for name, text in rows.items() if text})
