"""What can be said of generated images beside real ones at a glance, in words: light, contrast, texture, variety, D's opinion."""
from typing import NamedTuple

import torch
from torch import Tensor

#: A pixel of [-1, 1] is at an end of the range beyond this.
END = 0.9
#: Generated images may differ from real ones by this factor in the odds of their brightness,
BRIGHTNESS_FACTOR = 3.0
#: by this much in the share of pixels at the ends,
ENDS_DIFFERENCE = 0.25
#: and by this factor in the share of fine structure, to both of which FINE_OFFSET is added, so that hardly any and none are alike.
FINE_FACTOR = 3.0
FINE_OFFSET = 0.01
#: The variety of generated images may be smaller than that of real ones by this factor.
VARIETY_FACTOR = 4.0
#: D tells real and generated images apart at once where it is right about more pairs than this.
TOLD_APART = 0.98


class Statistics(NamedTuple):
    """Of a set of images. The numbers are shares, in [0, 1]."""
    brightness: float  # mean of all pixels; 0 is black, 1 is white
    ends: float  # pixels that are as good as black or white
    fine: float  # of the contrast, what is finer than four pixels: power of the spectrum above half of Nyquist's frequency
    variety: float  # distance of an image from the one that is most like it, as a share of that from any other; few kinds: near 0


class Finding(NamedTuple):
    """One way in which generated images do not resemble the data."""
    kind: str  # 'texture', 'blur', 'brightness', 'contrast', 'variety' or 'told_apart'
    seen: str  # a whole phrase, and so is what it means
    means: str


def statistics(imgs: Tensor) -> Statistics:
    """Statistics of images N x C x H x W in [-1, 1].

    The power is that of the two-dimensional Fourier transform without its constant term, summed over images and channels; a
    frequency is fine if its horizontal or its vertical part is above 1/4 cycle a pixel. White noise has 3/4 of it there, stripes
    and checkerboards of a pixel's width all of it. The variety is that of averages over 4 x 4 pixels, and falls with the number
    of images: compare sets of one size.
    """
    imgs = imgs.detach().float()
    height, width = imgs.shape[-2:]
    power = torch.fft.fft2(imgs).abs().square().flatten(0, -3).sum(0)  # H x W
    power[0, 0] = 0
    vertical, horizontal = (torch.fft.fftfreq(size, device=imgs.device).abs() for size in (height, width))
    fine = torch.maximum(vertical[:, None], horizontal) > 0.25
    return Statistics(float((imgs + 1).mean() / 2), float((imgs.abs() > END).float().mean()),
                      float(power[fine].sum() / power.sum().clamp_min(torch.finfo(power.dtype).tiny)), _variety(imgs))


def _variety(imgs: Tensor) -> float:
    """Mean distance from an image to its nearest neighbour over that to all others; 1 for fewer than three images."""
    if len(imgs) < 3:
        return 1.0
    coarse = torch.nn.functional.avg_pool2d(imgs, min(4, *imgs.shape[-2:])).flatten(1)
    distances = torch.cdist(coarse, coarse)
    distances.fill_diagonal_(torch.inf)
    nearest, others = distances.amin(1).mean(), distances[distances.isfinite()].mean()
    return float(nearest / others.clamp_min(torch.finfo(others.dtype).tiny))


def told_apart(real_logits: Tensor, fake_logits: Tensor) -> float:
    """Share of the pairs of a real and a generated image of which D calls the real one more real; 0.5 is chance.

    Args:
        real_logits: D's logits of real images, in any shape.
        fake_logits: Those of generated images.
    """
    difference = real_logits.reshape(-1, 1).float() - fake_logits.reshape(1, -1).float()
    return float(((difference > 0).float() + 0.5 * (difference == 0).float()).mean())


def findings(fake: Statistics, real: Statistics, apart: float | None = None) -> list[Finding]:
    """All in which generated images do not resemble real ones; empty where they do.

    Args:
        fake: Statistics of the generated images.
        real: Statistics of the real images.
        apart: :func:`told_apart`, for models with a discriminator.
    """
    found = []
    fineness = (fake.fine + FINE_OFFSET) / (real.fine + FINE_OFFSET)
    if fineness > FINE_FACTOR:
        found.append(Finding(
            'texture',
            f'{fake.fine:.0%} of their contrast is finer than four pixels, {real.fine:.0%} of that of the data: '
            'stripes, a checkerboard or noise',
            'the generator is stuck in a texture, or has not learned to draw yet'))
    elif fineness < 1 / FINE_FACTOR:
        found.append(Finding(
            'blur',
            f'{fake.fine:.1%} of their contrast is finer than four pixels, {real.fine:.1%} of that of the data: they are blurred',
            'details have not been learned yet'))
    brightness = _odds(fake.brightness) / _odds(real.brightness)
    if not 1 / BRIGHTNESS_FACTOR < brightness < BRIGHTNESS_FACTOR:
        found.append(Finding(
            'brightness',
            f'they are {"brighter" if brightness > 1 else "darker"} than the data: {fake.brightness:.1%} of white on average, the '
            f'data {real.brightness:.1%}',
            'the generator draws too much' if brightness > 1 else 'the generator draws too little, or nothing'))
    if abs(fake.ends - real.ends) > ENDS_DIFFERENCE:
        found.append(Finding(
            'contrast',
            f'{fake.ends:.0%} of their pixels are as good as black or white, {real.ends:.0%} of those of the data',
            'the contrast is not that of the data: greys where the data have none, or the reverse'))
    if fake.variety < real.variety / VARIETY_FACTOR:
        found.append(Finding(
            'variety',
            f'they are of few kinds: each is {real.variety / max(fake.variety, 1e-3):.0f} times more like the one next to it than '
            'is so in the data',
            'mode collapse: the generator draws the same few images again and again, whatever the code'))
    if apart is not None and apart > TOLD_APART:
        found.append(Finding(
            'told_apart',
            f'the discriminator tells a generated image from a real one in {apart:.1%} of all pairs (chance is 50 %)',
            'it has won, and then the generator hardly learns from it'))
    return found


def _odds(share: float, least: float = 1e-4) -> float:
    """``p / (1 - p)``, of at least ``least`` on both sides."""
    share = min(max(share, least), 1 - least)
    return share / (1 - share)
