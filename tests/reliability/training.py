"""A short training of the shipped quick config in processes of its own, which tests kill."""
import itertools
import multiprocessing
import os
import resource
import runpy
import sys
import time
from pathlib import Path

import torch
from mmengine.hooks import Hook

ROOT = Path(__file__).parents[2]
MAX_ITERS = 24
#: Processes are forked from one that has imported everything: starting one takes a moment, not seconds.
CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload(['tests.reliability.training', 'ibgan_plugin.engine.launch', 'ibgan_plugin.models',
                                'ibgan_plugin.engine.hooks', 'ibgan_plugin.datasets', 'ibgan_plugin.evaluation.metrics'])


def options(data_root: str, workers: int = 0, **more) -> dict:
    """Overrides that make the run small; everything else is what is shipped."""
    return {
        'train_dataloader.dataset.data_root': data_root, 'val_dataloader.dataset.data_root': data_root,
        'test_dataloader.dataset.data_root': data_root, 'train_dataloader.num_workers': workers, 'train_dataloader.batch_size': 4,
        'model.generator.base_channels': 2, 'model.trunk.base_channels': 2,
        'default_hooks.instance_noise': dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=20),
        'default_hooks.beta.points': [(0, 0.0), (20, 0.1)],
        'train_cfg.max_iters': MAX_ITERS, 'train_cfg.val_interval': 10_000, 'train_cfg.val_begin': 10_000,
        'default_hooks.checkpoint.interval': 4, 'default_hooks.logger.interval': 10, 'log_level': 'WARNING',
        'default_hooks.mi_bounds.interval': 5, 'default_hooks.traversal.interval': 10_000, **more}


class Progress(Hook):
    """Tells another process the number of the iteration that is under way."""

    def __init__(self, shared) -> None:
        self.shared = shared

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.shared.value = runner.iter + 1


def train(work_dir: str, cfg_options: dict, environment: dict | None = None, die_at_rename: int = 0, progress=None,
          free_bytes: int | None = None) -> None:
    """Train, resuming if there is something to resume; exits as ``tools/train.py`` does.

    Args:
        progress: Shared integer that is set to the number of each iteration as it begins.
        free_bytes: No file can become larger than this, as on a full disk.
        die_at_rename: Kill this process right before the n-th checkpoint is renamed to its final name; 0 for never.
    """
    from ibgan_plugin.engine.hooks.preemption import PREEMPTED_EXIT_CODE
    from ibgan_plugin.engine.launch import build_runner, load_run_config
    from ibgan_plugin.utils.cli import leave_process_group
    os.environ.update(environment or {})
    torch.set_num_threads(1)
    if not os.environ.get('SHOW'):
        sys.stdout = sys.stderr = open(os.devnull, 'w')  # noqa: SIM115
    if free_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, free_bytes))
    if die_at_rename:
        _die_at_rename(die_at_rename)
    cfg = load_run_config(str(ROOT / 'configs/ibgan/ibgan_quick_dsprites.py'), work_dir, cfg_options, seed=1, resume='auto',
                          launcher='pytorch' if environment else 'none')
    runner = build_runner(cfg)
    if progress is not None:
        runner.register_hook(Progress(progress), priority='LOWEST')
    runner.train()
    leave_process_group()
    sys.exit(PREEMPTED_EXIT_CODE if getattr(runner, 'preempted', False) else 0)


def _die_at_rename(count: int) -> None:
    renames = iter(range(1, count + 1))
    replace = os.replace

    def deadly(source, target):
        if str(target).endswith('.pth') and next(renames) == count:
            os.kill(os.getpid(), 9)
        replace(source, target)

    os.replace = deadly


def _run_tool(name: str, arguments: list[str], output: str, folder: str, environment: dict, free_bytes: int | None) -> None:
    """What a user's shell does: run a tool in a folder, with its output in a file."""
    os.chdir(folder)
    os.environ.update(environment)
    if free_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, free_bytes))
    torch.set_num_threads(1)
    with open(output, 'w') as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1, closefd=False) for number in (1, 2))
    sys.path[:0] = environment.get('EXTRA_PATH', '').split(os.pathsep) if 'EXTRA_PATH' in environment else []
    sys.argv = [name, *arguments]
    runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')


#: The published recipe, whose optimisers and hooks stay as they are.
CONFIG = ROOT / 'configs/ibgan/ibgan_dsprites.py'


def arguments(cfg_options: dict) -> list[str]:
    """Overrides as words of a command line."""
    return ['--cfg-options', *(f'{key}={value}' for key, value in cfg_options.items())]


class Tool:
    """A tool that runs in a process of its own, forked from one that has imported everything."""

    def __init__(self, folder: Path, name: str, *arguments, environment: dict | None = None,
                 free_bytes: int | None = None) -> None:
        self.output = folder / f'output_{next(_numbers)}.txt'
        words = [str(each) for each in arguments]
        self.process = CONTEXT.Process(target=_run_tool,
                                       args=(name, words, str(self.output), str(folder), environment or {}, free_bytes))
        self.process.start()

    def wait(self, seconds: float = 200) -> tuple[int, str]:
        """Exit status and all that was printed."""
        self.process.join(seconds)
        return self.process.exitcode, self.output.read_text().replace('\r', '\n')


_numbers = itertools.count()


def start(work_dir: Path, cfg_options: dict, **kwargs):
    """A process that trains."""
    process = CONTEXT.Process(target=train, args=(str(work_dir), cfg_options), kwargs=kwargs)
    process.start()
    return process


def wait_for(path: Path, *processes) -> None:
    """Wait until a running process has written ``path``."""
    while not path.exists():
        assert all(process.is_alive() for process in processes), f'a process ended without writing {path}'
        time.sleep(0.01)


def finish(work_dir: Path, cfg_options: dict, **kwargs) -> None:
    """Train to the end."""
    process = start(work_dir, cfg_options, **kwargs)
    process.join(300)
    assert process.exitcode == 0


def final_state(work_dir: Path) -> dict:
    """Checkpoint after the last iteration."""
    return torch.load(work_dir / f'iter_{MAX_ITERS}.pth', weights_only=True)


def assert_equal(first, second, path: str = '') -> None:
    """Nested values are bit for bit the same."""
    assert type(first) is type(second), path
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), path
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), path
        for key in first:
            assert_equal(first[key], second[key], f'{path}.{key}')
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), path
        for i, pair in enumerate(zip(first, second, strict=True)):
            assert_equal(*pair, f'{path}[{i}]')
    else:
        assert first == second, path


def assert_same_run(first: Path, second: Path) -> None:
    """Weights, optimisers and logged losses of two runs' last checkpoints are bit for bit the same."""
    states = [final_state(path) for path in (first, second)]
    for key in ('state_dict', 'optimizer'):
        assert_equal(states[0][key], states[1][key], key)
    scalars = [{key: value for key, value in state['message_hub']['log_scalars'].items() if 'time' not in key} for state in states]
    assert_equal(*scalars, 'log_scalars')
