"""Stopping a run that has gone wrong, and warning of one that is about to."""
import math
from collections.abc import Callable
from typing import Any

import torch
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from ibgan_plugin.engine.hooks.traversal import TraversalHook
from ibgan_plugin.engine.resume import named_wrappers
from ibgan_plugin.engine.verdict import Verdict, judge
from ibgan_plugin.models.base import KL_PER_DIM, LatentModel, device_of
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization import sample

#: Samples that are looked at, and batches in which they are drawn; as many batches of real images are kept to compare.
NUM_SAMPLES, NUM_BATCHES = 512, 8


class DivergedError(IBGANError):
    """NaN or infinity in training; the message names the iteration, the component and the last good checkpoint."""


@HOOKS.register_module()
class HealthHook(Hook):
    """Stops on NaN or infinite losses, gradients and weights before they reach a checkpoint; says if samples resemble the data.

    The losses and the norm of each optimiser's gradients stay on the device and are looked at together, since a look waits for
    the device: every ``interval`` iterations, before each checkpoint and after the last iteration. The error names the first
    iteration that went wrong and all that did in it. To go on instead, set ``skip``: bad updates are left out, and what the batch
    did to the statistics of BatchNorm is undone.

    With each picture, and at the end of the run, 512 samples are compared with the last real images that the model was trained on
    (:mod:`ibgan_plugin.visualization.resemblance`): brightness, contrast, texture, variety, and, where the model has a
    discriminator, whether it tells them apart at once. Where they do not resemble each other, a warning says what was seen, what
    it means and what to try. The end of the run says whether its pictures are to be trusted. Posterior and mode collapse are
    warned of too.
    This needs a :class:`~ibgan_plugin.models.base.LatentModel`; other models are only kept from NaN.

    Args:
        interval: Iterations between two looks at losses and gradients, at least 1.
        collapse_interval: Iterations between two looks at the samples, at least 1; None is that of the run's ``TraversalHook``,
            or 5000 without one. The last iteration is always looked at.
        min_kl: Posterior collapse: the summed KL of r is below this many nats.
        skip: Go on after an iteration with bad losses, with the statistics from before it, and leave out updates whose gradients
            hold NaN or infinity. Every iteration is looked at, which waits for the device. In a distributed run the gradients are
            averaged before, so all ranks leave out the same.
        min_std: Mode collapse: the mean standard deviation of a pixel over these samples is below this (images are in [-1, 1]).

    Attributes:
        skipped: Updates of any optimiser left out.

    Raises:
        IBGANError: If an interval is below 1.
    """
    #: Before the checkpoint of the same iteration.
    priority = 'NORMAL'

    def __init__(self, interval: int = 50, collapse_interval: int | None = None, min_kl: float = 0.01, min_std: float = 0.001,
                 skip: bool = False) -> None:
        if interval < 1 or (collapse_interval is not None and collapse_interval < 1):
            raise IBGANError(f'interval and collapse_interval must be at least 1, got {interval} and {collapse_interval}')
        self.interval, self.collapse_interval, self.min_kl, self.min_std = interval, collapse_interval, min_kl, min_std
        self.skip, self.skipped = skip, 0
        self._statistics: dict[str, Tensor] = {}
        self._losses: list[tuple[int, str, Any]] = []  # iteration, name, value
        self._norms: list[tuple[int, str, Tensor]] = []
        self._handles: list[RemovableHandle] = []
        self._real: list[Tensor] = []  # the newest real images before a look, N x C x S x S in [-1, 1]
        self._collapsed = False  # whether r said nothing at the last look
        self._verdict: Verdict | None = None  # of the last look

    def before_train(self, runner: Runner) -> None:
        """Have each optimiser look at its gradients, now or later; find out when pictures are drawn."""
        if self.collapse_interval is None:
            drawn = [hook.interval for hook in runner.hooks if isinstance(hook, TraversalHook)]
            self.collapse_interval = drawn[0] if drawn else 5000
        look = self._leave_out_bad if self.skip else self._note_gradients
        self._handles = [each.optimizer.register_step_pre_hook(look(runner, name or 'the model'))
                         for name, each in named_wrappers(runner.optim_wrapper).items()]

    def after_train(self, runner: Runner) -> None:
        """Leave the optimisers as they were, and say what is to be thought of the pictures."""
        for handle in self._handles:
            handle.remove()
        if self._verdict is not None:
            say = runner.logger.warning if self._verdict.found else runner.logger.info
            say(self._verdict.conclusion())
        if self._collapsed and is_main_process():
            runner.logger.warning('DO NOT TRUST the codes of this run, whatever its pictures: r says nothing (posterior collapse), '
                                  'so scores are chance; try a beta that is smaller or begins later')

    def _note_gradients(self, runner: Runner, name: str) -> Callable:
        """An optimiser's hook that notes the norm of the gradients it is about to use, without waiting for the device."""

        @torch.compiler.disable
        def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
                return  # a graph does not come back here: the losses of the next iteration will tell
            if hasattr(optimizer, 'found_inf'):
                return  # a scaler of fp16 losses has a fused optimiser leave out what overflows, as it does now and then
            self._norms.append((runner.iter, f"the norm of {name}'s gradients", gradient_norm(optimizer)))

        return note

    def _leave_out_bad(self, runner: Runner, name: str) -> Callable:
        """An optimiser's hook that takes gradients away which are not finite: a step without gradients changes nothing."""

        @torch.compiler.disable
        def leave_out(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if gradient_norm(optimizer).isfinite():
                return
            optimizer.zero_grad()
            self.skipped += 1
            runner.logger.warning(f"NaN or infinity in {name}'s gradients at iteration {runner.iter + 1}: update left out "
                                  f'({self.skipped} so far); {_last_good(runner)}')

        return leave_out

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
        assert self.collapse_interval is not None
        left = min(-(runner.iter + 1) % self.collapse_interval, runner.max_iters - runner.iter - 1)  # iterations to the next look
        if data_batch is not None and left < NUM_BATCHES:
            self._keep(runner, data_batch)
        if left == 0:
            self._warn_of_collapse(runner)
            self._compare(runner)

    def _look(self, runner: Runner) -> None:
        """Read what was noted; on NaN or infinity end the run, or undo what the iteration did to the statistics."""
        noted, self._losses, self._norms = self._losses + self._norms, [], []
        device = device_of(runner.model)  # a number, or the norm of no gradients, is not there yet
        # the sum of a value of several elements is not finite if one of them is not
        sums = [torch.as_tensor(value, device=device).detach().float().sum() for *_, value in noted]
        values = torch.stack(sums).tolist() if sums else []
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
        return f'training diverged at iteration {iteration + 1}: {what}; {_last_good(runner)}'

    def _keep(self, runner: Runner, data_batch: dict) -> None:
        """Keep the real images of a batch for the look that is near."""
        model = unwrap(runner.model)
        if isinstance(model, LatentModel) and is_main_process():
            self._real.append(model.real_images(data_batch, training=False))

    def _warn_of_collapse(self, runner: Runner) -> None:
        kl = runner.message_hub.runtime_info.get(KL_PER_DIM)
        self._collapsed = kl is not None and float(kl.sum()) < self.min_kl
        if self._collapsed:
            runner.logger.warning(f'posterior collapse at iteration {runner.iter + 1}: the KL of r is {float(kl.sum()):.4f} nats, '
                                  f'so the images say nothing about z; a smaller beta may help')

    @master_only
    @torch.no_grad()
    def _compare(self, runner: Runner) -> None:
        """Compare samples with the real images kept, and warn if they do not resemble each other."""
        model = unwrap(runner.model)
        if not isinstance(model, LatentModel):  # another package's, which we can not sample from
            return
        real_imgs, self._real = torch.cat(self._real) if self._real else None, []
        with evaluating(model):
            fake_imgs = torch.cat([sample(model, NUM_SAMPLES // NUM_BATCHES, seed) for seed in range(NUM_BATCHES)])
            std = float(fake_imgs.std(0).mean())
            if std < self.min_std:
                runner.logger.warning(f'mode collapse at iteration {runner.iter + 1}: pixels differ by {std:.5f} (standard '
                                      f'deviation) over {len(fake_imgs)} samples, so all images are the same')
            if real_imgs is None:
                return
            real_logits, fake_logits = model.realness(real_imgs), model.realness(fake_imgs)
        self._verdict = judge(fake_imgs, real_imgs, fake_logits, real_logits, runner.iter + 1)
        if self._verdict.found:
            runner.logger.warning(self._verdict.warning())


def gradient_norm(optimizer: torch.optim.Optimizer) -> Tensor:
    """Norm of all gradients of an optimiser, on their device."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    return torch.nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])


def _last_good(runner: Runner) -> str:
    return f"last good checkpoint: {runner.message_hub.runtime_info.get('last_good_ckpt', 'none was saved')}"
