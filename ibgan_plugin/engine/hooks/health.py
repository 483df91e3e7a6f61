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
from ibgan_plugin.models.base import KL_PER_DIM, LatentModel
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization import sample
from ibgan_plugin.visualization.resemblance import Finding, findings, statistics, told_apart

#: Samples that are looked at, and batches in which they are drawn; as many batches of real images are kept to compare.
NUM_SAMPLES, NUM_BATCHES = 512, 8
#: What to try against each kind of finding where a discriminator teaches to draw,
_TO_TRY = dict(
    texture='smaller learning rates of the generator; noise that falls more slowly (InstanceNoiseHook); the networks with spectral '
            'norm of ibgan_quick_dsprites.py',
    blur='a longer training',
    brightness='another seed; smaller learning rates',
    contrast='a longer training',
    variety='another seed; Adam with betas (0, 0.99) and one rate for both sides, as ibgan_quick_dsprites.py; a larger lambda',
    told_apart='a smaller learning rate of the discriminator; instance noise; spectral norm or R1Penalty')
#: and where real images do.
_TO_TRY_ALONE = dict(
    texture='a smaller learning rate; a longer training',
    blur='a longer training; wider networks; less weight on the prior, such as a smaller beta',
    brightness='another seed; a smaller learning rate',
    contrast='a longer training',
    variety='another seed; less weight on the prior, such as a smaller beta')


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
        self._verdict: tuple[int, list[Finding], str, bool] | None = None  # iteration, findings, numbers, has a discriminator

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
            self._conclude(runner, *self._verdict)
        if self._collapsed and is_main_process():
            runner.logger.warning('DO NOT TRUST the codes of this run, whatever its pictures: r says nothing (posterior collapse), '
                                  'so scores are chance; try a beta that is smaller or begins later')

    def _note_gradients(self, runner: Runner, name: str) -> Callable:
        """An optimiser's hook that notes the norm of the gradients it is about to use, without waiting for the device."""

        @torch.compiler.disable
        def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
                return  # a graph does not come back here: the losses of the next iteration will tell
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
        apart = None if real_logits is None or fake_logits is None else told_apart(real_logits, fake_logits)
        count = min(len(fake_imgs), len(real_imgs))
        fake, real = statistics(fake_imgs[:count]), statistics(real_imgs[:count])
        found = findings(fake, real, apart)
        numbers = (f'brightness {fake.brightness:.1%} (data {real.brightness:.1%}), pixels at the ends {fake.ends:.0%} '
                   f'({real.ends:.0%}), fine structure {fake.fine:.1%} ({real.fine:.1%}), variety {fake.variety:.2f} '
                   f'({real.variety:.2f})')
        if apart is not None:
            numbers += f', told apart by the discriminator {apart:.0%} (chance 50%)'
        self._verdict = runner.iter + 1, found, numbers, apart is not None
        if found:
            runner.logger.warning(f'iteration {runner.iter + 1}: the samples do not resemble the data'
                                  + _in_words(found, adversarial=apart is not None))

    @staticmethod
    def _conclude(runner: Runner, iteration: int, found: list[Finding], numbers: str, adversarial: bool) -> None:
        """The last words of a run. A GAN's codes are learnt from what it draws; an autoencoder's from real images."""
        if found and not adversarial:
            runner.logger.warning(
                f'Do not trust the pictures of this run: at iteration {iteration}, its last, samples of the prior do not resemble '
                f'the data. The codes were learnt from real images: their scores stand.' + _in_words(found, adversarial))
        elif found:
            runner.logger.warning(
                f'DO NOT TRUST this run: at iteration {iteration}, its last, the samples do not resemble the data, so neither the '
                f'pictures nor the codes and scores say anything about the method' + _in_words(found, adversarial))
        else:
            runner.logger.info(f'The pictures of this run can be trusted: at iteration {iteration} the samples resemble the data: '
                               f'{numbers}. How well the dimensions are disentangled is for the scores to say.')


def gradient_norm(optimizer: torch.optim.Optimizer) -> Tensor:
    """Norm of all gradients of an optimiser, on their device."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    return torch.nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])


def _last_good(runner: Runner) -> str:
    return f"last good checkpoint: {runner.message_hub.runtime_info.get('last_good_ckpt', 'none was saved')}"


def _in_words(found: list[Finding], adversarial: bool) -> str:
    """Each finding in three lines; what to try is another thing where there is no discriminator."""
    to_try = _TO_TRY if adversarial else _TO_TRY_ALONE
    return ''.join(f'\n  - seen: {each.seen}\n    it means: {each.means}\n    try: {to_try[each.kind]}' for each in found)
