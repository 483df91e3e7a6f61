"""Losses that are read from the device at intervals."""
from typing import Any

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from torch import Tensor

from ibgan_plugin.engine.checkpoints import MAX_HISTORY
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError


@HOOKS.register_module()
class DeferredRuntimeInfoHook(RuntimeInfoHook):
    """MMEngine's ``RuntimeInfoHook``, but losses reach the message hub together, every ``interval`` iterations.

    MMEngine's reads each loss in each iteration, and so waits for the device as many times; this one waits once an interval.
    The hub's history is the same in the end. Use it as ``default_hooks.runtime_info``.

    It also keeps the hub's history short, which MMEngine copies at each update.

    Args:
        interval: Iterations between two readings, at least 1; None is the interval of the runner's ``LoggerHook``.
        max_history: Newest values kept of each logged scalar, at least 1.

    Raises:
        IBGANError: If ``interval`` or ``max_history`` is below 1.
    """

    def __init__(self, interval: int | None = None, max_history: int = MAX_HISTORY) -> None:
        if max_history < 1 or (interval is not None and interval < 1):
            raise IBGANError(f'interval and max_history must be at least 1, got {interval} and {max_history}')
        self.interval, self.max_history = interval, max_history
        self._pending: list[dict[str, Any]] = []

    def before_train(self, runner: Runner) -> None:
        """As MMEngine's hook; and find out when losses are logged."""
        super().before_train(runner)
        if self.interval is None:
            self.interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 1)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None) -> None:
        """Keep the losses; read them at intervals and after the last iteration."""
        if outputs is not None:
            self._pending.append(outputs)
        if self.every_n_train_iters(runner, self.interval or 1) or runner.iter + 1 == runner.max_iters:
            self._read(runner)
        for buffer in runner.message_hub.log_scalars.values():  # the timer's grow at any iteration
            buffer.max_length = self.max_history

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put what is still unread into the checkpoint's history."""
        if self._pending:
            self._read(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _read(self, runner: Runner) -> None:
        """One transfer for all pending tensors, then the hub's updates in their order."""
        flat = [(f'train/{key}', value) for outputs in self._pending for key, value in outputs.items()]
        tensors = [value.detach().float() for _, value in flat if isinstance(value, Tensor)]
        numbers = iter(torch.stack(tensors).tolist() if tensors else ())
        for key, value in flat:
            runner.message_hub.update_scalar(key, next(numbers) if isinstance(value, Tensor) else value)
        self._pending = []
