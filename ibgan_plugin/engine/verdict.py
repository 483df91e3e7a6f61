"""What is to be thought of the samples of a training: what was seen, what it means and what to try."""
from typing import NamedTuple

from torch import Tensor

from ibgan_plugin.visualization.resemblance import Finding, findings, statistics, told_apart

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


class Verdict(NamedTuple):
    """How samples resemble the data after an iteration.

    Attributes:
        iteration: Number of iterations done.
        found: In what they do not; none where they do.
        numbers: What was measured, in words.
        adversarial: Whether a discriminator teaches the model to draw.
    """
    iteration: int
    found: list[Finding]
    numbers: str
    adversarial: bool

    def warning(self) -> str:
        """What to say of findings while the run goes on."""
        return f'iteration {self.iteration}: the samples do not resemble the data{self._in_words()}'

    def conclusion(self) -> str:
        """The last words of a run. A GAN's codes are learnt from what it draws; an autoencoder's from real images."""
        if not self.found:
            return (f'The pictures of this run can be trusted: at iteration {self.iteration} the samples resemble the data: '
                    f'{self.numbers}. How well the dimensions are disentangled is for the scores to say.')
        if self.adversarial:
            return (f'DO NOT TRUST this run: at iteration {self.iteration}, its last, the samples do not resemble the data, so '
                    f'neither the pictures nor the codes and scores say anything about the method{self._in_words()}')
        return (f'Do not trust the pictures of this run: at iteration {self.iteration}, its last, samples of the prior do not '
                f'resemble the data. The codes were learnt from real images: their scores stand.{self._in_words()}')

    def _in_words(self) -> str:
        """Each finding in three lines; what to try is another thing where there is no discriminator."""
        to_try = _TO_TRY if self.adversarial else _TO_TRY_ALONE
        return ''.join(f'\n  - seen: {each.seen}\n    it means: {each.means}\n    try: {to_try[each.kind]}' for each in self.found)


def judge(fake_imgs: Tensor, real_imgs: Tensor, fake_logits: Tensor | None, real_logits: Tensor | None, iteration: int) -> Verdict:
    """Compare samples with real images.

    Args:
        fake_imgs: Samples N x C x S x S in [-1, 1].
        real_imgs: Real images M x C x S x S.
        fake_logits: A discriminator's of the samples, N x 1; None without one.
        real_logits: Those of the real images, M x 1.
        iteration: Number of iterations done.
    """
    apart = None if fake_logits is None or real_logits is None else told_apart(real_logits, fake_logits)
    count = min(len(fake_imgs), len(real_imgs))
    fake, real = statistics(fake_imgs[:count]), statistics(real_imgs[:count])
    numbers = (f'brightness {fake.brightness:.1%} (data {real.brightness:.1%}), pixels at the ends {fake.ends:.0%} '
               f'({real.ends:.0%}), fine structure {fake.fine:.1%} ({real.fine:.1%}), variety {fake.variety:.2f} '
               f'({real.variety:.2f})')
    if apart is not None:
        numbers += f', told apart by the discriminator {apart:.0%} (chance 50%)'
    return Verdict(iteration, findings(fake, real, apart), numbers, apart is not None)
