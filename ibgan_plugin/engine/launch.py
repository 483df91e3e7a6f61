"""From command-line options to a runner: what ``tools/train.py`` and ``tools/test.py`` share."""
import argparse
import functools
import gc
import importlib
import importlib.util
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmengine.device.utils
import torch
import torch.distributed
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from ibgan_plugin.config.check import ConfigError, check_config, config_errors, pretrained_files
from ibgan_plugin.engine.checkpoints import check_checkpoint, load_plain, newest_whole_checkpoint
from ibgan_plugin.engine.compiler import drop_compile_without_compiler
from ibgan_plugin.engine.cuda import LOADERS, tune_cuda
from ibgan_plugin.ops.cpu import tune_cpu
from ibgan_plugin.utils.torchvision_operators import declare_torchvision_operators

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: Names of mixed precision on the command line, and torch's.
AMP_TYPES = {'fp16': 'float16', 'bf16': 'bfloat16'}
#: Methods by which MMEngine's runner builds the rest of a config only when it trains or tests.
_LATE_BUILDERS = ('build_train_loop', 'build_val_loop', 'build_test_loop', 'build_param_scheduler')


class ConfigOptions(DictAction):
    """Argparse action for ``--cfg-options KEY=VALUE ...``: MMEngine's, but a mistake ends in one line that shows it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        """Add the dotted keys and their values to the namespace."""
        for value in values:
            try:
                super().__call__(parser, namespace, [value], option_string)
            except (AssertionError, ValueError) as error:  # no '=', or brackets that do not close
                raise argparse.ArgumentError(self, f'must be KEY=VALUE with balanced brackets, got {value!r}') from error


def read_config(path: str | Path, cfg_options: dict | None = None) -> Config:
    """Read a config file and put ``cfg_options``, dotted keys to values, in place of its own.

    Raises:
        ConfigError: If there is no such file or it can not be read.
    """
    if not Path(path).is_file():
        raise ConfigError(f'no config file {str(path)!r}')
    try:
        cfg = Config.fromfile(path)
    except (SyntaxError, NameError, OSError, AttributeError, KeyError, TypeError, ImportError) as error:
        raise ConfigError(f'{path} can not be read: {error}') from error
    with config_errors(cfg):
        cfg.merge_from_dict(cfg_options or {})
    # MMEngine imports the package of the default scope; mmagic's import fails on today's PyTorch without the shims
    if cfg.get('default_scope') == 'mmagic' and importlib.util.find_spec('mmagic'):
        importlib.import_module('ibgan_plugin.interop.mmagic.shims')
    return cfg


def load_config(path: str, work_dir: str | None = None, cfg_options: dict | None = None, seed: int | None = None,
                launcher: str = 'none', amp: str | None = None, resume: str | None = None, checkpoint: str | None = None) -> Config:
    """Read a config and apply the command line's options to it.

    Args:
        path: Config file.
        work_dir: Where results go; by default the config's own, else ``work_dirs/<config name>``.
        cfg_options: Dotted keys to values that replace the config's.
        seed: Seed of everything random.
        launcher: How processes were started, one of ``LAUNCHERS``.
        amp: Mixed precision, ``'fp16'`` or ``'bf16'``; needs CUDA, and is left off with a message without it.
        resume: ``'auto'`` for the newest whole checkpoint of this config and work directory, or a checkpoint file; None leaves
            it to the config's ``resume`` and ``load_from``, which mean the same as in MMEngine.
        checkpoint: Checkpoint whose weights to load.

    Raises:
        ConfigError: If the config has a mistake.
        CheckpointError: If ``resume``, ``checkpoint``, the config's ``load_from`` or an ``init_cfg`` names a file that is not a
            whole one of tensors and plain data.
    """
    cfg = read_config(path, cfg_options)
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(path).stem)
    cfg.launcher = launcher
    if seed is not None:
        cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    if amp:
        _use_amp(cfg, amp)
    check_config(cfg)
    if checkpoint is not None:
        resume = None
    elif resume is None and cfg.get('resume'):
        resume = cfg.get('load_from') or 'auto'
    if resume == 'auto':
        folder = checkpoint_dir(cfg)
        resume = newest_whole_checkpoint(folder)
        if resume is None:
            warnings.warn(f'--resume: no whole checkpoint in {folder}; training starts afresh')
    file = checkpoint or resume or cfg.get('load_from')
    cfg.resume, cfg.load_from = resume is not None, file
    if file is not None and '://' not in str(file):
        check_checkpoint(file)
    for weights in pretrained_files(cfg):
        load_plain(weights)
    return cfg


def checkpoint_dir(cfg: Config) -> Path:
    """Where the run of a config saves: its work directory, or a folder of that name in the checkpoint hook's ``out_dir``."""
    out_dir = cfg.get('default_hooks', {}).get('checkpoint', {}).get('out_dir')
    return Path(cfg.work_dir) if out_dir in (None, cfg.work_dir) else Path(out_dir) / Path(cfg.work_dir).name


def _use_amp(cfg: Config, precision: str) -> None:
    """Put MMEngine's mixed-precision wrapper, with the scaling of losses that fp16 needs, around every optimiser."""
    if not torch.cuda.is_available():
        warnings.warn('--amp needs a CUDA device and none is available: training goes on in float32')
        return
    for group in cfg.optim_wrapper.values():
        if isinstance(group, dict):
            group.update(type='AmpOptimWrapper', dtype=AMP_TYPES[precision])


def select_device(device: str | None) -> None:
    """Run on ``'cpu'``, ``'cuda'`` or ``'cuda:N'``; None leaves the choice to MMEngine. Call before anything touches CUDA.

    Raises:
        ConfigError: If the device is unknown or not available.
    """
    if device is None:
        return
    kind, _, number = device.partition(':')
    if kind not in ('cpu', 'cuda') or (number and not number.isdigit()):
        raise ConfigError(f"--device must be 'cpu', 'cuda' or 'cuda:N', got {device!r}")
    if number or kind == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = number
    if kind == 'cuda' and not torch.cuda.is_available():
        raise ConfigError(f'--device {device}: no such CUDA device is available')
    # MMEngine decides on its device once, when it is imported.
    mmengine.device.utils.DEVICE = kind


def init_cpu_distributed(cfg: Config) -> None:
    """Let a distributed run go on without CUDA, over gloo.

    MMEngine's own launcher sets a CUDA device unconditionally, so the process group is made here, ahead of it; and its model
    wrappers are told to leave the model on the CPU.
    """
    if cfg.launcher == 'none' or torch.cuda.is_available():
        return
    if cfg.launcher != 'pytorch':
        raise ConfigError(f'--launcher {cfg.launcher} needs CUDA devices; on CPUs use tools/dist_train.sh (--launcher pytorch)')
    cfg.env_cfg.dist_cfg = dict(backend='gloo')
    cfg.model_wrapper_cfg = {**cfg.get('model_wrapper_cfg', dict(type='MMSeparateDistributedDataParallel')), 'device_ids': None}
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group(backend='gloo')


def build_runner(cfg: Config) -> Runner:
    """The runner of a config, distributed if its launcher is; the process is set up for speed.

    Workers of its data loaders leave stop signals to this process, unless the config has a ``worker_init_fn``.

    Raises:
        ConfigError: If components do not fit each other or an argument of one is impossible; names the file and the keys. What
            the runner builds later, such as loops and schedules, raises it then.
    """
    tune_cpu()
    tune_cuda(cfg)
    drop_compile_without_compiler(cfg)
    init_cpu_distributed(cfg)
    for name in LOADERS:
        if isinstance(cfg.get(name), dict):
            cfg[name].setdefault('worker_init_fn', dict(type='ibgan_plugin.outlive_stop_signals'))
    with config_errors(cfg):
        declare_torchvision_operators()
        runner = Runner.from_cfg(cfg)
        if runner.optim_wrapper is not None:  # MMEngine builds it after the data sets
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    for name in _LATE_BUILDERS:
        setattr(runner, name, config_errors(cfg)(getattr(runner, name)))
    return runner


def leave_process_group() -> None:
    """End this process's part in a distributed run that is over.

    Left to the interpreter's exit, gloo's threads are now and then torn down while they run, which aborts the finished process
    (``terminate called without an active exception``) and so fails the run.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        gc.collect()  # the threads end with the last holder of the group: DDP's wrappers, which a runner keeps in cycles


def one_clear_message(main: Callable[[], int | None]) -> Callable[[], None]:
    """Decorator for a tool's ``main``: bad input ends in one line on stderr and exit code 2 instead of a traceback.

    Bad input is what the package reports as ``ValueError`` or ``OSError``. With ``IBGAN_TRACEBACK=1`` the traceback is shown.
    Otherwise the process ends with the exit code that ``main`` returns, and a distributed one leaves its process group first.
    """

    @functools.wraps(main)
    def wrapper() -> None:
        if 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ:  # PyTorch refuses both
            os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'  # for what others load: MMEngine 0.11 would run code in a file
        status = _run(main)
        leave_process_group()  # here, where no error's traceback holds the runner any more
        if status:
            sys.exit(status)

    return wrapper


def _run(main: Callable[[], int | None]) -> int:
    """Call ``main``; returns the exit code. What went wrong is on stderr; outside distributed runs, bugs are raised."""
    try:
        return main() or 0
    except Exception as error:
        if isinstance(error, (ValueError, OSError)) and os.environ.get('IBGAN_TRACEBACK') != '1':
            print(f'error: {error}', file=sys.stderr)
            return 2
        if not torch.distributed.is_available() or not torch.distributed.is_initialized():
            raise
        traceback.print_exc()
        return 1
