"""A training loop that resumes at once."""
import logging
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop
from torch import nn

from ibgan_plugin.datasets.resumable_sampler import ResumableSampler
from ibgan_plugin.engine.cuda_graph import GraphedStep, why_not_captured
from ibgan_plugin.engine.hooks.health import HealthHook
from ibgan_plugin.engine.hooks.instance_noise import InstanceNoiseHook
from ibgan_plugin.engine.hooks.schedule import ScheduleHook
from ibgan_plugin.engine.resume import named_schedules
from ibgan_plugin.engine.runner import PREEMPTED, save_now
from ibgan_plugin.registry import LOOPS
from ibgan_plugin.utils.errors import IBGANError

#: Message-hub key: the iteration after which was validated last.
VALIDATED = 'ibgan_validated'


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """MMEngine's iteration-based loop that starts a :class:`ResumableSampler` at the resumed position.

    MMEngine loads and throws away every batch of the iterations already done; with another sampler this loop does too. Where the
    run ended before the validation that was due then, it goes on with that.

    Args: as ``mmengine.runner.IterBasedTrainLoop``.

    Raises:
        IBGANError: If ``max_iters`` or ``val_interval`` is below 1.
    """

    dataloader_iterator: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.max_iters < 1 or self.val_interval < 1:
            raise IBGANError(f'train_cfg.max_iters and train_cfg.val_interval must be at least 1, '
                             f'got {self.max_iters} and {self.val_interval}')

    def run(self) -> nn.Module:
        """Train from the current iteration on; returns the model."""
        runner = self.runner
        runner.call_hook('before_train')
        runner.call_hook('before_train_epoch')
        self._graphed = self._graph()
        self._skip_done()
        if 0 < self._iter < self._max_iters:
            self._validate()
        while self._iter < self._max_iters and not self.stop_training:
            runner.model.train()
            self.run_iter(self._next_batch())
            self._validate()
        runner.call_hook('after_train_epoch')
        runner.call_hook('after_train')
        return runner.model

    def run_iter(self, data_batch: Any) -> None:
        """One iteration; on CUDA, where ``env_cfg.cuda_graphs`` asks for it and the model allows it, as one graph."""
        if self._graphed is None:
            super().run_iter(data_batch)
            return
        self.runner.call_hook('before_train_iter', batch_idx=self._iter, data_batch=data_batch)
        outputs = self._graphed(data_batch)
        self.runner.call_hook('after_train_iter', batch_idx=self._iter, data_batch=data_batch, outputs=outputs)
        self._iter += 1

    def _validate(self) -> None:
        """Validate if that is due after the iterations done.

        A checkpoint is saved before the validation of its iteration, so a run that goes on from there makes it: one that is asked
        to end, perhaps within a minute, leaves it to that.
        """
        hub = self.runner.message_hub
        self._decide_current_val_interval()
        due = self._iter >= self.val_begin and (self._iter % self.val_interval == 0 or self._iter == self._max_iters)
        done = hub.get_info(VALIDATED) == self._iter  # where a hook has saved once more, with the scores
        if self.runner.val_loop is not None and due and not done and not hub.get_info(PREEMPTED):
            hub.update_info(VALIDATED, self._iter)
            self.runner.val_loop.run()

    def _graph(self) -> GraphedStep | None:
        """The step as a graph, if that is asked for; where it can not be, one line says why."""
        runner = self.runner
        if not runner.cfg.get('env_cfg', {}).get('cuda_graphs') or not torch.cuda.is_available():
            return None
        reason = why_not_captured(runner.model, runner.optim_wrapper)
        if any(isinstance(hook, HealthHook) and hook.skip for hook in runner.hooks):
            reason = 'an update that may be left out waits for the device'
        schedules = named_schedules(runner.param_schedulers or []).values()
        if other := [schedule.param_name for each in schedules for schedule in each if schedule.param_name != 'lr']:
            reason = f'a schedule changes the {other[0]} of an optimiser, of whose numbers a graph reads the learning rate alone'
        if reason is not None:
            print_log(f'env_cfg.cuda_graphs: the training runs without a graph, since {reason}', 'current')
            return None
        numbers = [hook.number(runner) for hook in runner.hooks if isinstance(hook, (InstanceNoiseHook, ScheduleHook))]
        return GraphedStep(runner.model, runner.optim_wrapper, numbers)

    def _next_batch(self) -> Any:
        """The next batch. Where the data can not be read any more, the progress is saved before the run ends.

        Raises:
            IBGANError: If they can not; names the file and the checkpoint.
        """
        try:
            return next(self.dataloader_iterator)
        except (IBGANError, OSError) as error:
            raise self._without_data(error) from error
        except RuntimeError as error:
            if not any(who in str(error) for who in ('DataLoader worker', 'Pin memory thread')):
                raise
            try:  # a file that was cut off kills the worker which reads it at that moment: here it is looked at first
                self.dataloader.dataset[0]
            except (IBGANError, OSError) as cause:
                raise self._without_data(cause) from error
            raise self._without_data(error) from error

    def _without_data(self, error: Exception) -> IBGANError:
        """What to tell when a batch can not be had; a run of one process saves what it has learnt."""
        cause = str(error).strip().splitlines()[-1].split('Error: ')[-1]  # a worker puts its traceback before the cause
        alone = get_world_size() == 1  # others would wait for a rank that saves alone
        saved = save_now(self.runner, self._iter) if alone and self._iter > 0 else None
        to_do = f'; saved as {saved}: mend the data and go on with --resume' if saved else ''
        return IBGANError(f'no more data after iteration {self._iter}: {cause}{to_do}')

    def _skip_done(self) -> None:
        """Go to the batch of the current iteration."""
        if self._iter >= self.max_iters:
            print_log(f'Nothing to train: the checkpoint is of iteration {self._iter}, and train_cfg.max_iters is '
                      f'{self.max_iters}', 'current', logging.WARNING)
        elif self._iter > 0 and isinstance(self.dataloader.sampler, ResumableSampler):
            self.dataloader_iterator = None  # ends its workers, which are at the first batch
            self.dataloader.sampler.start = self._iter * self.dataloader.batch_size
            self.dataloader_iterator = iter(self.dataloader)  # the sampler has no end
        else:
            for _ in range(self._iter):
                next(self.dataloader_iterator)
