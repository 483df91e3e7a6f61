"""A training loop that resumes at once."""
import itertools
import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop
from mmengine.runner.loops import _InfiniteDataloaderIterator

from ibgan_plugin.datasets.resumable_sampler import ResumableSampler
from ibgan_plugin.registry import LOOPS
from ibgan_plugin.utils.errors import IBGANError


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """MMEngine's iteration-based loop that starts a :class:`ResumableSampler` at the resumed position.

    MMEngine loads and throws away every batch of the iterations already done; with another sampler this loop does too.

    Args: as ``mmengine.runner.IterBasedTrainLoop``.

    Raises:
        IBGANError: If ``max_iters`` or ``val_interval`` is below 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.max_iters < 1 or self.val_interval < 1:
            raise IBGANError(f'train_cfg.max_iters and train_cfg.val_interval must be at least 1, '
                             f'got {self.max_iters} and {self.val_interval}')

    def run(self) -> Any:
        """Train from the current iteration on."""
        if self._iter >= self.max_iters:
            print_log(f'Nothing to train: the checkpoint is of iteration {self._iter}, and train_cfg.max_iters is '
                      f'{self.max_iters}', 'current', logging.WARNING)
        sampler = self.dataloader.sampler
        if self._iter > 0 and isinstance(sampler, ResumableSampler):
            sampler.start = self._iter * self.dataloader.batch_size
            # The base class takes as many batches off as iterations are done: give it empty ones.
            rest = _InfiniteDataloaderIterator(self.dataloader)
            self.dataloader_iterator = itertools.chain(itertools.repeat(None, self._iter), rest)
        return super().run()
