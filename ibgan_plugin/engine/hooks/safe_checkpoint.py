"""Checkpointing that never loses the last good file."""
from typing import Any

from mmengine.dist import all_gather_object, get_rank, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch import Tensor

from ibgan_plugin.engine.checkpoints import (
    ATOMIC_BACKEND,
    history_from_plain,
    history_to_plain,
    register_atomic_backend,
)
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.errors import IBGANError


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's CheckpointHook that writes each file atomically and removes old ones only after the new one is on the disk.

    In a distributed run the checkpoint also holds, as ``rank_buffers``, the BatchNorm statistics of every rank, which differ; a
    run resumed on as many ranks goes on with them.

    Args:
        kwargs: Arguments of MMEngine's ``CheckpointHook``; ``backend_args`` defaults to atomic local files.

    Raises:
        IBGANError: If MMEngine's hook knows no such argument; it would fail when it saves for the first time. If files of
            ``filename_tmpl`` would not be found again.
    """

    max_keep_ckpts: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        register_atomic_backend()  # in MMEngine's own runner too
        kwargs.setdefault('backend_args', {'backend': ATOMIC_BACKEND})
        super().__init__(*args, **kwargs)
        if self.args:
            raise IBGANError(f'unknown arguments of SafeCheckpointHook: {self.args}')
        template = run_names.CHECKPOINT_TEMPLATE.fullmatch(str(self.filename_tmpl))
        if template is None:
            raise IBGANError(f'filename_tmpl must be {run_names.CHECKPOINT_TEMPLATES}, got {self.filename_tmpl!r}')
        self._counted = template[1]
        self._rank_buffers: list[dict[str, Tensor]] = []

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Save, then prune; MMEngine prunes first. Runs on every rank; the main one writes."""
        if get_world_size() > 1:
            self._rank_buffers = all_gather_object(_buffers(runner, copy_to_cpu=True))
        limit, self.max_keep_ckpts = self.max_keep_ckpts, -1
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        finally:
            self.max_keep_ckpts = limit
        runner.message_hub.update_info('last_good_ckpt', self.last_ckpt)
        if is_main_process() and limit > 0:
            self._prune(step)

    def _prune(self, step: int) -> None:
        """Remove all but the newest files up to ``step``, those too that a kill right after a save has left."""
        names = self.file_backend.list_dir_or_file(self.out_dir, list_dir=False)
        matches = [match for name in names if (match := run_names.CHECKPOINT.fullmatch(name))]
        found = [(int(match[2]), match[0]) for match in matches if match[1] == self._counted]
        for _, name in sorted(each for each in found if each[0] <= step)[:-self.max_keep_ckpts]:
            self.file_backend.remove(self.file_backend.join_path(self.out_dir, name))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add what the ranks do not share; make the log plain data in MMEngine's own runner too, which other zoos' tools use."""
        history_to_plain(checkpoint)
        if self._rank_buffers:
            checkpoint['rank_buffers'] = self._rank_buffers

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Remember the ranks' statistics until the weights are loaded."""
        history_from_plain(checkpoint, 'to load')
        self._rank_buffers = checkpoint.get('rank_buffers', [])

    def before_train(self, runner: Runner) -> None:
        """Restore this rank's statistics in a resumed run."""
        super().before_train(runner)
        if len(self._rank_buffers) == get_world_size():
            own = _buffers(runner)
            for key, value in self._rank_buffers[get_rank()].items():
                own[key].copy_(value)
        self._rank_buffers = []


def _buffers(runner: Runner, copy_to_cpu: bool = False) -> dict[str, Tensor]:
    """Buffers of the model by name; the names are the same on all ranks."""
    buffers = dict(unwrap(runner.model).named_buffers())
    return {key: value.detach().cpu().clone() for key, value in buffers.items()} if copy_to_cpu else buffers
