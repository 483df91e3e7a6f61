"""Whose folder a run writes to: one process at a time, and never two runs' checkpoints in one folder."""
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from mmengine.config import Config

from ibgan_plugin.engine.checkpoints import (
    CheckpointError,
    check_checkpoint,
    newest_whole_checkpoint,
    read_checkpoint,
)
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.run_names import numbered_checkpoints

LOCK = '.training.lock'
#: What a run and its tests leave: checkpoints, pictures, scores and the folders of its sessions.
LEFT_BY_RUNS = ('iter_*.pth', 'epoch_*.pth', 'best_*.pth', '.*.pth.part', 'last_checkpoint', f'{run_names.TRAVERSAL}_*.png',
                f'{run_names.SAMPLES}_*.png', run_names.SCORES, run_names.SCORES_TABLE, run_names.INFORMATION,
                run_names.ENVIRONMENT, *run_names.HEAT_MAPS, run_names.SWEEP_START, run_names.SWEEP_RECORD,
                f'{run_names.TESTS}/{run_names.TESTS_RANKING}',
                *(f'{run_names.TESTS}/{kind}_*/{name}' for kind in ('iter', 'epoch')
                  for name in (run_names.SCORES, run_names.SCORES_TABLE)))
SESSION = re.compile(r'\d{8}_\d{6}')
#: Locks live as long as the process; the system releases those of a killed one.
_held: dict[Path, FileLock] = {}


class Start(NamedTuple):
    """How a run starts."""
    checkpoint: str | None  # to go on from; None starts afresh
    to_remove: list[Path]  # what another run has left there


def checkpoint_dir(cfg: Config) -> Path:
    """Where the run of a config saves: its work directory, or a folder of that name in the checkpoint hook's ``out_dir``."""
    out_dir = ((cfg.get('default_hooks') or {}).get('checkpoint') or {}).get('out_dir')
    return Path(cfg.work_dir) if out_dir in (None, cfg.work_dir) else Path(out_dir) / Path(cfg.work_dir).name


def lock(work_dir: str | Path) -> None:
    """Keep other processes from training in ``work_dir`` until this one ends.

    Raises:
        IBGANError: If another process is training there, the folder can not be made, or the file system has no locks.
    """
    folder = Path(work_dir).resolve()
    if folder in _held:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IBGANError(f'--work-dir {work_dir} can not be made a folder ({error.strerror}): choose another') from error
    held = FileLock(folder / LOCK)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise IBGANError(f'another process is training in {work_dir}: wait for its end, or choose another --work-dir') from None
    except (NotImplementedError, OSError) as error:
        raise IBGANError(f'{folder / LOCK} can not be locked ({error}): choose a --work-dir on a file system with locks') from error
    _held[folder] = held


def choose_start(folder: Path, resume: str | None, overwrite: bool = False) -> Start:
    """The checkpoint from which a run that saves to ``folder`` goes on, and what has to be removed first; nothing is changed yet.

    A folder never holds checkpoints of two runs, of which a later ``--resume`` would take the wrong one.

    Args:
        folder: Where the run saves.
        resume: ``'auto'`` for the newest whole checkpoint there, a checkpoint file, or None to start afresh.
        overwrite: Whether what would stay there of another run may be removed.

    Raises:
        IBGANError: If another run's checkpoints would stay.
        CheckpointError: If there are checkpoints to resume from, but none that can be loaded; names them.
    """
    there = numbered_checkpoints(folder)
    if resume == 'auto':
        if overwrite:
            raise IBGANError('--overwrite starts afresh and --resume goes on: give one of them')
        return Start(newest_whole_checkpoint(folder) if there else None, [])
    if resume is None:
        others, what = list(there.values()), f'{folder} holds the checkpoints of a run'
    else:
        done = iteration_of(resume)
        is_own = Path(resume).resolve().parent == folder.resolve()
        others = [path for number, path in there.items() if (number > done or not is_own) and _is_whole(path)]
        what = f'{folder} holds other checkpoints than those up to {resume}, which a later --resume would take'
    if others and not overwrite:
        names = ', '.join(path.name for path in others[-3:])
        way = '' if resume else '--resume goes on with it, '
        raise IBGANError(f'{what} ({names}): {way}--overwrite removes them, or choose another --work-dir')
    return Start(resume, left_by_runs(folder) if overwrite and resume is None else others)


def _is_whole(path: Path) -> bool:
    """Whether ``--resume`` would take a checkpoint."""
    try:
        check_checkpoint(path)
    except CheckpointError:
        return False
    return True


def iteration_of(path: str) -> int:
    """Number of iterations after which a checkpoint was saved.

    Raises:
        CheckpointError: If the file can not be used, or does not say.
    """
    number = read_checkpoint(path).get('meta', {}).get('iter')
    if type(number) is not int:
        raise CheckpointError(f'checkpoint {path} holds weights alone, nothing to resume from: --load-from starts from them')
    return number


def left_by_runs(folder: Path) -> list[Path]:
    """What runs have left in a folder, and nothing else."""
    files = [path for pattern in LEFT_BY_RUNS for path in folder.glob(pattern)
             if (path.is_file() or path.is_symlink()) and path.parent.resolve().is_relative_to(folder.resolve())]
    return files + [path for path in folder.glob('*') if SESSION.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]


def remove(paths: Sequence[Path], needed: Iterable[str | Path]) -> None:
    """Remove files and folders of another run, all or none: the only copy of what this run starts from stays.

    Raises:
        IBGANError: If a file of ``needed`` is among them, or within; names it.
    """
    removed = [path.resolve() for path in paths]
    for file in needed:
        if any(Path(file).resolve().is_relative_to(path) for path in removed):
            raise IBGANError(f'--overwrite would remove {file}, from which the run starts: move it elsewhere, or choose another '
                             '--work-dir')
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
