"""A training loop that resumes at once."""
import itertools
from typing import Any

from mmengine.runner import IterBasedTrainLoop
from mmengine.runner.loops import _InfiniteDataloaderIterator

from ibgan_plugin.datasets.resumable_sampler import ResumableSampler
from ibgan_plugin.registry import LOOPS


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """MMEngine's iteration-based loop that starts a :class:`ResumableSampler` at the resumed position.

    MMEngine loads and throws away every batch of the iterations already done; with another sampler this loop does too.
    """

    def run(self) -> Any:
        """Train from the current iteration on."""
        sampler = self.dataloader.sampler
        if self._iter > 0 and isinstance(sampler, ResumableSampler):
            sampler.start = self._iter * self.dataloader.batch_size
            # The base class takes as many batches off as iterations are done: give it empty ones.
            rest = _InfiniteDataloaderIterator(self.dataloader)
            self.dataloader_iterator = itertools.chain(itertools.repeat(None, self._iter), rest)
        return super().run()
