"""The schedule of the instance noise."""
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.schedules import linear


@HOOKS.register_module()
class InstanceNoiseHook(Hook):
    """Sets ``model.instance_noise_std`` before each iteration, linear from ``start`` to ``end``.

    Published: 1 to 0 over 100,000 iterations for dSprites, 0.5 to 0.01 over the whole run for CelebA and 3D Chairs.

    Args:
        start: Standard deviation at ``begin``, at least 0. Images are in [-1, 1].
        end: Standard deviation at the end, at least 0.
        begin: Iteration at which the change starts.
        over: Length of the change in iterations; None is the rest of the run.

    Raises:
        IBGANError: If a value is negative.
    """

    def __init__(self, start: float, end: float, begin: int = 0, over: int | None = None) -> None:
        if min(start, end, begin, over or 0) < 0:
            raise IBGANError(f'start, end, begin and over must be at least 0, got {start}, {end}, {begin}, {over}')
        self.start, self.end, self.begin, self.over = start, end, begin, over

    def before_train(self, runner: Runner) -> None:
        """Check that the runner's model takes instance noise."""
        model = unwrap(runner.model)
        if not isinstance(model, LatentModel) or model.instance_noise_std is None:
            raise IBGANError(f'InstanceNoiseHook needs a model with instance_noise_std, {type(model).__name__} has none')

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Set the value of this iteration."""
        over = max(runner.max_iters - self.begin, 0) if self.over is None else self.over
        std = linear(runner.iter, self.start, self.end, self.begin, over)
        unwrap(runner.model).instance_noise_std = std
        runner.message_hub.update_info('instance_noise_std', std, resumed=False)

    def number(self, runner: Runner) -> tuple[Any, str]:
        """The object that has the number, and the number's name there."""
        return unwrap(runner.model), 'instance_noise_std'
