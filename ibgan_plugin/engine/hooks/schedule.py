"""Numbers of the model as functions of the iteration."""
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.schedules import piecewise_linear


@HOOKS.register_module()
class ScheduleHook(Hook):
    """Sets one number of the model before each iteration: straight lines between points, constant before and after them.

    It is logged under its name, so that curves show it. What the model's config says of that number counts for nothing, and a
    warning says so where it is none of the points' values.

    A function of the iteration alone, so a resumed run goes on exactly. beta, lambda and the noise of IB-GAN are
    ``kl_loss.beta``, ``info_loss.info_weight`` and ``instance_noise_std``:

        >>> default_hooks = dict(
        ...     beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(0, 0.), (800, .04), (9000, .02)]))

    Args:
        field: Dotted name of an attribute of the model that holds a number.
        points: Pairs of iteration and value, the iterations at least 0 and rising.

    Raises:
        IBGANError: If ``points`` is empty, holds anything but pairs of numbers, or its iterations do not rise.
    """

    def __init__(self, field: str, points: Sequence[Sequence[float]]) -> None:
        pairs = [tuple(point) if isinstance(point, (list, tuple)) else () for point in points]
        if not pairs or not all(len(pair) == 2 and all(_is_number(value) for value in pair) for pair in pairs):
            raise IBGANError(f'points must be one or more pairs (iteration, value), got {points!r}')
        iterations = [pair[0] for pair in pairs]
        if iterations[0] < 0 or any(a >= b for a, b in pairwise(iterations)):
            raise IBGANError(f'the iterations of points must be at least 0 and rise, got {iterations}')
        self.field, self.points = field, pairs

    def before_train(self, runner: Runner) -> None:
        """Check that the model has the number.

        Raises:
            IBGANError: If it has no attribute of that name, or it is no number.
        """
        owner, name = self.number(runner)
        value = getattr(owner, name, None)
        if not _is_number(value):
            found = f'{value!r} there' if hasattr(owner, name) else f'no {name!r} there'
            raise IBGANError(f'ScheduleHook.field {self.field!r} must name a number of {type(unwrap(runner.model)).__name__}, '
                             f'which has {found}')
        if value not in [scheduled for _, scheduled in self.points]:
            warnings.warn(f'model.{self.field} = {value} counts for nothing: a schedule sets it, from {self.points[0][1]} on; take '
                          f'out the ScheduleHook of {self.field} to keep it constant')

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Set the value of this iteration, and log it."""
        value = piecewise_linear(runner.iter, self.points)
        setattr(*self.number(runner), value)
        runner.message_hub.update_scalar(f'train/{self.field}', value)

    def number(self, runner: Runner) -> tuple[Any, str]:
        """The object that has the number, and the number's name there."""
        owner: Any = unwrap(runner.model)
        *path, name = self.field.split('.')
        for part in path:
            owner = unwrap(getattr(owner, part, None))  # type: ignore[arg-type]
        return owner, name


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
