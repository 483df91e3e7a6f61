"""From command-line options to a runner: what ``tools/train.py`` and ``tools/test.py`` share."""
import warnings
from pathlib import Path

import torch
from mmengine.config import Config

from ibgan_plugin.config.check import pretrained_files
from ibgan_plugin.config.load import load_config
from ibgan_plugin.config.options import AMP_TYPES
from ibgan_plugin.engine.checkpoints import check_checkpoint, load_plain, newest_whole_checkpoint
from ibgan_plugin.engine.compiler import drop_compile_without_compiler
from ibgan_plugin.engine.cuda import LOADERS, tune_cuda
from ibgan_plugin.engine.optim.cpu_amp import has_bfloat16
from ibgan_plugin.engine.runner import CheckedRunner, choose_device
from ibgan_plugin.engine.size import check_size
from ibgan_plugin.registry import RUNNERS
from ibgan_plugin.utils.torchvision_operators import declare_torchvision_operators


def load_run_config(path: str | Path, work_dir: str | None = None, cfg_options: dict | None = None, seed: int | None = None,
                    launcher: str = 'none', amp: str | None = None, resume: str | None = None, checkpoint: str | None = None,
                    device: str | None = None) -> Config:
    """A checked config and the weights that its run starts from.

    Args:
        path, work_dir, cfg_options, seed, launcher: As in :func:`ibgan_plugin.config.load.load_config`.
        amp: Mixed precision, ``'fp16'`` (CUDA) or ``'bf16'`` (CUDA, and CPUs that have it); left off with a message elsewhere.
        resume: ``'auto'`` for the newest whole checkpoint of this config and work directory, or a checkpoint file; None leaves
            it to the config's ``resume`` and ``load_from``, which mean the same as in MMEngine.
        checkpoint: Checkpoint whose weights to load.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``; None is CUDA where there is any. Becomes ``env_cfg.device``.

    Raises:
        ConfigError: If the config has a mistake.
        CheckpointError: If ``resume``, ``checkpoint``, the config's ``load_from`` or an ``init_cfg`` names a file that is not a
            whole one of tensors and plain data.
    """
    cfg = load_config(path, work_dir, cfg_options, seed, launcher)
    check_size(cfg, (cfg.get('train_dataloader') or {}).get('batch_size', 1))
    if device is not None:
        choose_device(device)
        cfg.env_cfg = {**cfg.get('env_cfg', {}), 'device': device}
    if amp:
        _use_amp(cfg, amp)
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
    """Put a mixed-precision wrapper around every optimiser: MMEngine's on CUDA, which scales losses as fp16 needs it, ours on CPUs.

    Where the hardware would not gain, training goes on in float32, with one line that says so.
    """
    if torch.cuda.is_available() and cfg.get('env_cfg', {}).get('device') != 'cpu':
        wrapper = dict(type='AmpOptimWrapper', dtype=AMP_TYPES[precision])
    elif precision == 'fp16':
        warnings.warn('--amp fp16 needs a CUDA device and none is used: training goes on in float32; on CPUs --amp bf16 may help')
        return
    elif not has_bfloat16():
        warnings.warn('--amp bf16: this processor has neither AMX nor AVX512_BF16 and would be slower so: training goes on in '
                      'float32')
        return
    else:
        wrapper = dict(type='ibgan_plugin.CPUAmpOptimWrapper')
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
    for name in LOADERS:
        if isinstance(cfg.get(name), dict):
            cfg[name].setdefault('worker_init_fn', dict(type='ibgan_plugin.outlive_stop_signals'))
    declare_torchvision_operators()
    cfg.setdefault('runner_type', 'ibgan_plugin.CheckedRunner')
    return RUNNERS.build(cfg)
