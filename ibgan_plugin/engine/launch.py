"""From command-line options to a runner: what ``tools/train.py`` and ``tools/test.py`` share."""
import warnings
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from ibgan_plugin.config.check import pretrained_files
from ibgan_plugin.config.load import load_config
from ibgan_plugin.config.options import AMP_WRAPPERS
from ibgan_plugin.engine.checkpoints import read_checkpoint
from ibgan_plugin.engine.compiler import drop_compile_without_compiler
from ibgan_plugin.engine.cuda import LOADERS, tune_cuda
from ibgan_plugin.engine.optim.bfloat16 import has_bfloat16
from ibgan_plugin.engine.runner import CheckedRunner, choose_device, join_processes
from ibgan_plugin.engine.size import check_size
from ibgan_plugin.engine.work_dir import checkpoint_dir, choose_start, lock, remove
from ibgan_plugin.engine.workers import prepare_workers
from ibgan_plugin.registry import RUNNERS
from ibgan_plugin.utils.distributed import on_main_process
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.torchvision_operators import declare_torchvision_operators


def load_run_config(path: str | Path, work_dir: str | None = None, cfg_options: dict | None = None, seed: int | None = None,
                    launcher: str = 'none', amp: str | None = None, resume: str | None = None, checkpoint: str | None = None,
                    device: str | None = None, load_from: str | None = None, strict: bool = True,
                    overwrite: bool = False, claim: bool = True) -> Config:
    """A checked config and the weights that its run starts from.

    Unless a ``checkpoint`` is only to be tested, the work directory is locked for this process, and its checkpoints are those of
    one run, see :mod:`ibgan_plugin.engine.work_dir`. In a distributed run the processes join here, and the main one decides.

    Args:
        path, work_dir, cfg_options, seed, launcher: As in :func:`ibgan_plugin.config.load.load_config`.
        amp: Mixed precision, ``'fp16'`` (CUDA) or ``'bf16'`` (CUDA, and CPUs that have it); left off with a message elsewhere.
        resume: ``'auto'`` for the newest whole checkpoint of this config and work directory, or a checkpoint file; None leaves
            it to the config's ``resume`` and ``load_from``, which mean the same as in MMEngine.
        checkpoint: Checkpoint whose weights to test.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``; None is CUDA where there is any. Becomes ``env_cfg.device``.
        load_from: Checkpoint whose weights a new run starts from.
        strict: Whether all weights of ``load_from`` must fit; otherwise those that do not are left out and listed.
        overwrite: Remove what another run has left where this one saves, once all that is checked here is right.
        claim: Whether the config is to be trained: otherwise nothing is locked, removed or looked for.

    Raises:
        ConfigError: If the config has a mistake.
        IBGANError: If another process trains there, another run's checkpoints would stay, a file to start from would not, or
            options contradict each other.
        CheckpointError: If a file to start from is not a whole checkpoint of tensors and plain data, or there are checkpoints to
            resume from, but none that can be loaded.
    """
    if resume is not None and load_from is not None:
        raise IBGANError('--resume goes on with a run and --load-from starts a new one: give one of them')
    cfg = load_config(path, work_dir, cfg_options, seed, launcher)
    check_size(cfg, (cfg.get('train_dataloader') or {}).get('batch_size', 1))
    if device is not None:
        cfg.env_cfg = {**cfg.get('env_cfg', {}), 'device': device}
    join_processes(launcher, choose_device(device or cfg.get('env_cfg', {}).get('device')), cfg.get('env_cfg', {}))
    if amp:
        _use_amp(cfg, amp)
    for weights in pretrained_files(cfg):
        read_checkpoint(weights)
    if checkpoint is not None:
        cfg.resume, cfg.load_from = False, str(checkpoint)
    elif claim:
        _set_start(cfg, resume, load_from, overwrite, seed)
        cfg.load_strict = strict
    if cfg.load_from is not None:
        read_checkpoint(cfg.load_from)
    return cfg


def _set_start(cfg: Config, resume: str | None, load_from: str | None, overwrite: bool, seed: int | None) -> None:
    """Set ``resume`` and ``load_from`` of a run that trains, and the seed of one that goes on."""
    if resume is None and load_from is None and cfg.get('resume'):
        resume = cfg.get('load_from') or 'auto'
    weights = None if resume else load_from or cfg.get('load_from')
    start, started_with = on_main_process(lambda: _claim(cfg, resume, weights, overwrite, seed))
    if resume == 'auto' and start is None:
        warnings.warn(f'--resume: no checkpoint in {checkpoint_dir(cfg)}; training starts afresh')
    cfg.resume, cfg.load_from = start is not None, start or weights
    if type(started_with) is int:
        cfg.randomness = {**cfg.get('randomness', {}), 'seed': started_with}


def _claim(cfg: Config, resume: str | None, weights: str | None, overwrite: bool, seed: int | None) -> tuple[str | None, Any]:
    """Make the work directory this run's; returns the checkpoint to go on from, if any, and its seed.

    What another run has left is removed last, when nothing is left here that could refuse the run.
    """
    lock(cfg.work_dir)
    start, to_remove = choose_start(checkpoint_dir(cfg), resume, overwrite)
    first = start or weights
    content = {} if first is None else read_checkpoint(first)
    started_with = content.get('meta', {}).get('seed') if start else None
    if type(started_with) is int and seed not in (None, started_with):
        raise IBGANError(f'--seed {seed}: the run of {start} has seed {started_with}, which can not be changed on the way')
    remove(to_remove, [*([first] if first else []), *pretrained_files(cfg)])
    return start, started_with


def _use_amp(cfg: Config, precision: str) -> None:
    """Put a mixed-precision wrapper around every optimiser: for fp16 MMEngine's, which scales losses, for bf16 ours.

    Where the hardware would not gain, training goes on in float32, with one line that says so.
    """
    on_cuda = torch.cuda.is_available() and cfg.get('env_cfg', {}).get('device') != 'cpu'
    if not on_cuda and precision == 'fp16':
        warnings.warn('--amp fp16 needs a CUDA device and none is used: training goes on in float32; on CPUs --amp bf16 may help')
        return
    if not on_cuda and not has_bfloat16():
        warnings.warn('--amp bf16: this processor has neither AMX nor AVX512_BF16 and would be slower so: training goes on in '
                      'float32')
        return
    wrapper = dict(type=AMP_WRAPPERS[precision])
    groups = [cfg.optim_wrapper] if 'optimizer' in cfg.optim_wrapper else cfg.optim_wrapper.values()
    for group in groups:
        if isinstance(group, dict):
            group.update(wrapper)


def build_runner(cfg: Config) -> CheckedRunner:
    """The runner of a config, distributed if its launcher is; the process is set up for speed.

    Workers of its data loaders leave stop signals to this process, unless the config has a ``worker_init_fn``.

    Raises:
        ConfigError: As :class:`~ibgan_plugin.engine.runner.CheckedRunner`, which is the ``runner_type`` of a config without one.
    """
    tune_cuda(cfg)
    drop_compile_without_compiler(cfg)
    prepare_workers(cfg, LOADERS)
    declare_torchvision_operators()
    cfg.setdefault('runner_type', 'ibgan_plugin.CheckedRunner')
    return RUNNERS.build(cfg)
