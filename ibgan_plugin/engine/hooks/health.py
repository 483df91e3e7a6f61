"""Stopping a run that has gone wrong, and warning of one that is about to."""
import math
from collections.abc import Callable
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from ibgan_plugin.engine.optim.wrappers import gradient_norm
from ibgan_plugin.models.base import KL_PER_DIM, LatentModel
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization import sample


class DivergedError(IBGANError):
    """NaN or infinity in training; the message names the iteration, the component and the last good checkpoint."""


@HOOKS.register_module()
class HealthHook(Hook):
    """Stops on NaN or infinite losses, gradients and weights before they reach a checkpoint; warns of posterior and mode collapse.

    The losses and the norm of each optimiser's gradients stay on the device and are looked at together, since a look waits for
    the device: every ``interval`` iterations, before each checkpoint and after the last iteration. The error names the first
    iteration that went wrong and all that did in it. To go on instead, set ``skip`` and use the optimiser wrapper
    ``SkipNonFiniteOptimWrapper``, which leaves bad updates out, while this hook undoes what the batch did to the statistics of
    BatchNorm.

    Args:
        interval: Iterations between two looks at losses and gradients, at least 1.
        collapse_interval: Iterations between two looks for collapse, at least 1.
        min_kl: Posterior collapse: the summed KL of r is below this many nats.
        skip: Go on after an iteration with bad losses, with the statistics from before it; every iteration is looked at.
        min_std: Mode collapse: the mean standard deviation of a pixel over 64 samples is below this (images are in [-1, 1]).

    Raises:
        IBGANError: If an interval is below 1.
    """
    #: Before the checkpoint of the same iteration.
    priority = 'NORMAL'

    def __init__(self, interval: int = 50, collapse_interval: int = 5000, min_kl: float = 0.01, min_std: float = 0.001,
                 skip: bool = False) -> None:
        if interval < 1 or collapse_interval < 1:
            raise IBGANError(f'interval and collapse_interval must be at least 1, got {interval} and {collapse_interval}')
        self.interval, self.collapse_interval, self.min_kl, self.min_std = interval, collapse_interval, min_kl, min_std
        self.skip = skip
        self._statistics: dict[str, Tensor] = {}
        self._losses: list[tuple[int, str, Any]] = []  # iteration, name, value
        self._norms: list[tuple[int, str, Tensor]] = []
        self._handles: list[RemovableHandle] = []

    def before_train(self, runner: Runner) -> None:
        """Have each optimiser note the norm of its gradients."""
        wrapper = runner.optim_wrapper
        wrappers = dict(wrapper.items()) if isinstance(wrapper, OptimWrapperDict) else {'the model': wrapper}
        if not self.skip:
            self._handles = [each.optimizer.register_step_pre_hook(self._note_gradients(runner, f"the norm of {name}'s gradients"))
                             for name, each in wrappers.items()]

    def after_train(self, runner: Runner) -> None:
        """Leave the optimisers as they were."""
        for handle in self._handles:
            handle.remove()

    def _note_gradients(self, runner: Runner, name: str) -> Callable:
        """An optimiser's hook that notes the norm of the gradients it is about to use, without waiting for the device."""

        @torch.compiler.disable
        def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            self._norms.append((runner.iter, name, gradient_norm(optimizer.param_groups)))

        return note

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Remember the statistics, if bad iterations are to be skipped."""
        if self.skip:
            self._statistics = {key: buffer.clone() for key, buffer in unwrap(runner.model).named_buffers()}

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict[str, Tensor] | None = None) -> None:
        """Note the losses; look at what was noted, and for collapse."""
        self._losses += [(runner.iter, key, value) for key, value in (outputs or {}).items()]
        if self.skip or self.every_n_train_iters(runner, self.interval) or runner.iter + 1 == runner.max_iters:
            self._look(runner)
        if self.every_n_train_iters(runner, self.collapse_interval):
            self._warn_of_collapse(runner)

    def _look(self, runner: Runner) -> None:
        """Read what was noted; on NaN or infinity end the run, or undo what the iteration did to the statistics."""
        noted, self._losses, self._norms = self._losses + self._norms, [], []
        # the sum of a value of several elements is not finite if one of them is not
        values = torch.stack([torch.as_tensor(value).detach().float().sum() for *_, value in noted]).tolist() if noted else []
        bad = [(iteration, f'{name} is {value}') for (iteration, name, _), value in zip(noted, values, strict=True)
               if not math.isfinite(value)]
        if not bad:
            return
        first = min(iteration for iteration, _ in bad)
        what = ', '.join(text for iteration, text in bad if iteration == first)
        if not self.skip:
            raise DivergedError(self._message(runner, first, what))
        for name, buffer in unwrap(runner.model).named_buffers():
            buffer.copy_(self._statistics[name])
        runner.logger.warning(f'iteration {first + 1} is skipped: {what}')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Never save broken weights."""
        self._look(runner)
        for key, value in checkpoint['state_dict'].items():
            if value.is_floating_point() and not value.isfinite().all():
                raise DivergedError(self._message(runner, runner.iter, f'weights {key!r} hold NaN or infinity'))

    @staticmethod
    def _message(runner: Runner, iteration: int, what: str) -> str:
        last = runner.message_hub.runtime_info.get('last_good_ckpt', 'none was saved')
        return f'training diverged at iteration {iteration + 1}: {what}; last good checkpoint: {last}'

    def _warn_of_collapse(self, runner: Runner) -> None:
        kl = runner.message_hub.runtime_info.get(KL_PER_DIM)
        if kl is not None and float(kl.sum()) < self.min_kl:
            runner.logger.warning(f'posterior collapse at iteration {runner.iter + 1}: the KL of r is {float(kl.sum()):.4f} nats, '
                                  f'so the images say nothing about z; a smaller beta may help')
        model = unwrap(runner.model)
        if not isinstance(model, LatentModel):  # another package's, which we can not sample from
            return
        with evaluating(model):
            std = sample(model, 64).std(0).mean()
        if float(std) < self.min_std:
            runner.logger.warning(f'mode collapse at iteration {runner.iter + 1}: pixels differ by {float(std):.5f} (standard '
                                  f'deviation) over 64 samples, so all images are the same')
