"""The same BatchNorm statistics on all ranks when it matters."""
import torch
from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.registry import HOOKS


@HOOKS.register_module()
class SyncBuffersBeforeValHook(Hook):
    """Averages the running statistics over ranks before validation and at the end of training.

    Each rank's BatchNorm sees its own samples; without this, ranks would encode their share of the data set by different
    statistics. MMEngine's ``SyncBuffersHook`` does it after each epoch, which an iteration-based run does not have.
    """
    priority = 'HIGH'

    @staticmethod
    def _average(runner: Runner) -> None:
        if get_world_size() > 1:
            all_reduce_params([b for b in runner.model.buffers() if torch.is_floating_point(b)], op='mean')

    def before_val_epoch(self, runner: Runner) -> None:
        """Average before validation."""
        self._average(runner)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None) -> None:
        """Average after the last iteration, before its checkpoint."""
        if self.is_last_train_iter(runner):
            self._average(runner)
