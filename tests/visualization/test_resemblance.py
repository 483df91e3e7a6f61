import re

import pytest
import torch

from ibgan_plugin.datasets.dsprites import render
from ibgan_plugin.visualization.resemblance import Statistics, findings, statistics, told_apart


def sprites(num: int = 128, seed: int = 0) -> torch.Tensor:
    """Random dSprites, N x 1 x 64 x 64 in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    cells = [torch.randint(size, (num, ), generator=generator) for size in (3, 6, 40, 32, 32)]
    return torch.from_numpy(render(torch.stack(cells, 1).numpy()))[:, None].float() / 127.5 - 1


def stripes(num: int = 128) -> torch.Tensor:
    """Columns of one pixel, black and white by turns, at a random phase."""
    phase = torch.arange(num)[:, None, None, None] % 2
    return ((torch.arange(64) + phase) % 2 * 2. - 1).expand(num, 1, 64, 64)


def test_statistics_by_hand():
    half = torch.cat([torch.full((2, 3, 8, 8), -1.0), torch.full((2, 3, 8, 8), 0.5)])
    assert statistics(half) == (pytest.approx(0.375), 0.5, pytest.approx(0, abs=1e-6), 0)  # of two kinds
    assert statistics(stripes()) == (0.5, 1.0, pytest.approx(1), 0)
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing='ij')
    assert statistics(((rows + columns) % 2 * 2. - 1)[None, None]).fine == pytest.approx(1)  # a checkerboard
    wave = torch.cos(2 * torch.pi * columns / 8)[None, None]  # a period of eight pixels
    assert statistics(wave).fine == pytest.approx(0, abs=1e-6)
    assert statistics(wave + torch.cos(2 * torch.pi * rows / 2)[None, None]).fine == pytest.approx(1 / (1 + 0.5))
    three = torch.tensor([0., 1, 4])[:, None, None, None].expand(3, 1, 4, 4) / 4  # on a line at 0, 1 and 4: nearest 1, 1, 3
    assert statistics(three).variety == pytest.approx((5 / 3) / (8 / 3))
    noise = torch.randn(64, 1, 64, 64)
    assert statistics(noise).fine == pytest.approx(1 - (33 / 64)**2, abs=0.01)


def test_told_apart_by_hand():
    assert told_apart(torch.tensor([[3.0], [2.0]]), torch.tensor([[1.0], [0.0]])) == 1
    assert told_apart(torch.tensor([1.0, 1.0]), torch.tensor([1.0])) == 0.5
    assert told_apart(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])) == 0.25


def test_sprites_resemble_sprites():
    assert findings(statistics(sprites(128, seed=1)), statistics(sprites(128, seed=2)), apart=0.7) == []


@pytest.mark.parametrize(('fake', 'seen'), [
    (lambda real: torch.maximum(real, stripes()), ['finer than four pixels.*stripes', 'brighter than the data']),
    (lambda real: torch.full_like(real, -1), ['darker than the data: 0.0% of white', 'blurred']),
    (lambda real: torch.nn.functional.avg_pool2d(real, 9, 1, 4), ['blurred', 'as good as black or white']),
    (lambda real: -real, ['brighter than the data: 9']),
    (lambda real: real[:4].repeat(32, 1, 1, 1), ['of few kinds: each is [0-9]+ times more like']),
    (lambda real: torch.randn_like(real).clamp(-1, 1), ['a checkerboard or noise', 'brighter', 'as good as black or white']),
])
def test_what_does_not_resemble_sprites_is_named(fake, seen):
    real = sprites()
    found = findings(statistics(fake(real)), statistics(real))
    words = '\n'.join(each.seen for each in found)
    for pattern in seen:
        assert any(re.search(pattern, each.seen) for each in found), (pattern, words)
    assert all(each.means for each in found)


def test_a_discriminator_that_has_won_is_named():
    alike = Statistics(0.04, 1.0, 0.05, 0.3)
    finding, = findings(alike, alike, apart=0.995)
    assert finding.kind == 'told_apart'
    assert '99.5% of all pairs' in finding.seen
    assert findings(alike, alike, apart=0.9) == []
