"""MMEngine's runner that says which part of a config could not be built."""
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from ibgan_plugin.config.check import config_errors
from ibgan_plugin.registry import named


class NamingRunner(Runner):
    """MMEngine's ``Runner`` whose mistakes in a config are a :class:`~ibgan_plugin.config.check.ConfigError` with file and key."""

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'NamingRunner':
        """The runner of a config.

        Raises:
            ConfigError: If components do not fit each other or an argument of one is impossible; names the file and the keys.
                What is built when training or testing begins, such as loops and schedules, raises it then.
        """
        with config_errors(cfg):
            runner = super().from_cfg(cfg)
            if runner.optim_wrapper is not None:  # MMEngine builds it after the data sets
                runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        return runner

    def build_model(self, model: nn.Module | dict) -> nn.Module:
        """As MMEngine's."""
        with named(model):
            return super().build_model(model)

    def build_optim_wrapper(self, optim_wrapper: Any) -> OptimWrapper | OptimWrapperDict:
        """As MMEngine's."""
        with named(optim_wrapper):
            return super().build_optim_wrapper(optim_wrapper)

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args: Any, **kwargs: Any) -> DataLoader:
        """As MMEngine's."""
        with named(dataloader):
            return Runner.build_dataloader(dataloader, *args, **kwargs)

    def build_evaluator(self, evaluator: Any) -> Evaluator:
        """As MMEngine's."""
        with named(evaluator):
            return super().build_evaluator(evaluator)

    def register_hook(self, hook: Hook | dict, priority: Any = None) -> None:
        """As MMEngine's."""
        with named(hook):
            super().register_hook(hook, priority)

    def build_train_loop(self, loop: Any) -> Any:
        """As MMEngine's."""
        with config_errors(self.cfg), named(loop):
            return super().build_train_loop(loop)

    def build_val_loop(self, loop: Any) -> Any:
        """As MMEngine's."""
        with config_errors(self.cfg), named(loop):
            return super().build_val_loop(loop)

    def build_test_loop(self, loop: Any) -> Any:
        """As MMEngine's."""
        with config_errors(self.cfg), named(loop):
            return super().build_test_loop(loop)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """As MMEngine's."""
        with config_errors(self.cfg), named(scheduler):
            return super().build_param_scheduler(scheduler)
