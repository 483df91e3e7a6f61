"""When the log gets a line."""
from typing import Any

from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

from ibgan_plugin.registry import HOOKS


@HOOKS.register_module()
class ProgressLoggerHook(LoggerHook):
    """MMEngine's ``LoggerHook`` without lines within a validation or test, whose loops draw one bar, and without repeated names.

    Args:
        interval: Iterations between two lines of a training.
        kwargs: Other arguments of MMEngine's ``LoggerHook``; scores are logged by iteration.
    """

    def __init__(self, interval: int = 100, **kwargs: Any) -> None:
        super().__init__(interval=interval, **{'interval_exp_name': 1 << 62, 'log_metric_by_epoch': False, **kwargs})

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Nothing: the loop has a progress bar."""

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Nothing: the loop has a progress bar."""
