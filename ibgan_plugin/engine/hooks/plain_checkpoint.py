"""Checkpoints of plain data, which load with ``weights_only=True``."""
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from ibgan_plugin.registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Stores MMEngine's log history and run-time information as plain numbers, and keeps the history short.

    MMEngine pickles ``HistoryBuffer`` objects and numpy scalars into each checkpoint, which ``torch.load(weights_only=True)``,
    the default since torch 2.6, refuses: its own ``resume`` fails. This hook writes plain lists and rebuilds the buffers on
    loading, so no pickle beyond tensors and plain data is ever read. It also bounds the history, which MMEngine copies on
    every update.

    Args:
        max_history: Number of newest values kept of each logged scalar, at least 1.

    Raises:
        ValueError: If ``max_history`` is below 1.
    """

    def __init__(self, max_history: int = 1000) -> None:
        if max_history < 1:
            raise ValueError(f'max_history must be at least 1, got {max_history}')
        self.max_history = max_history

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None) -> None:
        """Bound the buffers; new ones may appear at any iteration, and the assignment costs nothing."""
        for buffer in runner.message_hub.log_scalars.values():
            buffer.max_length = self.max_history

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Replace each buffer by two lists, each numpy scalar by a number."""
        hub = checkpoint['message_hub']
        hub['runtime_info'] = {key: value.item() if isinstance(value, np.generic) else value
                               for key, value in hub['runtime_info'].items()}
        hub['log_scalars'] = {key: dict(zip(('values', 'counts'), (column[-self.max_history:].tolist() for column in buffer.data),
                                            strict=True))
                              for key, buffer in hub['log_scalars'].items()}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Rebuild the buffers of a checkpoint that this hook wrote."""
        scalars = checkpoint.get('message_hub', {}).get('log_scalars', {})
        for key, value in scalars.items():
            if isinstance(value, dict):
                scalars[key] = HistoryBuffer(value['values'], value['counts'], self.max_history)
