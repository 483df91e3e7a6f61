"""Ending a run early without losing an iteration."""
import os
import signal
import time
from types import FrameType
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.engine.runner import PREEMPTED, save_now
from ibgan_plugin.engine.workers import STOP_SIGNALS
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError

#: Exit status of ``tools/train.py`` after a run that was told to end, saved and can be resumed (EX_TEMPFAIL of sysexits.h).
PREEMPTED_EXIT_CODE = 75
#: Seconds in which more signals are the same request: torchrun and Slurm send theirs again to a process that has had it.
SAME_REQUEST_SECONDS = 5


@HOOKS.register_module()
class PreemptionHook(Hook):
    """On SIGTERM, SIGINT or SIGUSR1 (Slurm's ``--signal=USR1@60``) finishes the iteration, saves a checkpoint and ends the run.

    ``tools/train.py`` then exits with status 75; ``--resume`` goes on where it ended. A second signal, more than
    ``SAME_REQUEST_SECONDS`` later, ends the process at once. In a distributed run a signal to any rank ends all of them. The
    workers of data loaders get signals to the whole process group too: ``tools`` make them leave those alone, see
    :func:`~ibgan_plugin.engine.workers.outlive_stop_signals`.

    Args:
        sync_interval: Iterations between two exchanges of the request over ranks, at least 1; unused on one process.

    Raises:
        IBGANError: If ``sync_interval`` is below 1.
    """
    #: After every other hook, the checkpoint's included.
    priority = 'LOWEST'

    def __init__(self, sync_interval: int = 10) -> None:
        if sync_interval < 1:
            raise IBGANError(f'sync_interval must be at least 1, got {sync_interval}')
        self.sync_interval = sync_interval
        self.requested = False
        self._since = 0.0
        self._previous: dict[int, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Take over the signals."""
        self.requested = False
        runner.message_hub.update_info(PREEMPTED, False, resumed=False)
        self._previous = {number: signal.signal(number, self._request) for number in STOP_SIGNALS}

    def after_train(self, runner: Runner) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        """Remember the first request; a later one does what the signal did before."""
        if not self.requested:
            self.requested, self._since = True, time.monotonic()
        elif time.monotonic() - self._since > SAME_REQUEST_SECONDS:
            signal.signal(number, self._previous.get(number) or signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None) -> None:
        """Save and end the run if it was asked for."""
        if not self._anyone_requested(runner) or runner.iter + 1 >= runner.max_iters:
            return
        runner.message_hub.update_info(PREEMPTED, True, resumed=False)
        runner.train_loop.stop_training = True
        saved = save_now(runner, runner.iter + 1)
        what = 'saved; go on with --resume' if saved else 'nothing is saved, for default_hooks has no checkpoint'
        runner.logger.warning(f'Asked to end after iteration {runner.iter + 1}: {what}')

    def _anyone_requested(self, runner: Runner) -> bool:
        """Whether this or, at the exchanges, any other rank was asked."""
        if get_world_size() == 1:
            return self.requested
        if not self.every_n_train_iters(runner, self.sync_interval):
            return False
        request = torch.tensor(int(self.requested), device=next(runner.model.parameters()).device)
        all_reduce(request, op='max')
        return bool(request)
