import math

import numpy as np
import pytest
import scipy.stats
import torch
from mmengine.registry import MODELS

from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.models.losses.functional import mi_lower_bound
from ibgan_plugin.utils.errors import IBGANError

PARTS = [dict(type='ibgan_plugin.CategoricalPrior', dim=3), dict(type='ibgan_plugin.UniformPrior', dim=2),
         dict(type='ibgan_plugin.NormalPrior', dim=4, coded=False)]


def build(name, **kwargs):
    return MODELS.build(dict(type=f'ibgan_plugin.{name}Prior', **kwargs))


def priors():
    return [build('Normal', dim=2), build('Uniform', dim=2, low=-2.0, high=1.0), build('Categorical', dim=4),
            build('Product', parts=PARTS)]


@pytest.mark.parametrize('prior', priors(), ids=lambda prior: type(prior).__name__)
def test_entropy_is_that_of_the_samples(prior):
    z = prior.sample(20_000, seed=0)
    assert z.shape == (20_000, prior.dim)
    assert -prior.log_prob(z).mean().item() == pytest.approx(prior.entropy(), abs=0.03)
    assert torch.equal(prior.sample(5, seed=1), prior.sample(5, seed=1)) and not torch.equal(prior.sample(5), prior.sample(5))


def test_samples_have_their_distribution():
    assert scipy.stats.kstest(build('Normal', dim=1).sample(5000, seed=0).flatten(), 'norm').pvalue > 0.01
    assert scipy.stats.kstest(build('Uniform', dim=1).sample(5000, seed=0).flatten(), 'uniform', (-1, 2)).pvalue > 0.01
    counts = build('Categorical', dim=5).sample(5000, seed=0).sum(0)
    assert counts.sum() == 5000 and scipy.stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize('prior', priors(), ids=lambda prior: type(prior).__name__)
def test_axes_have_the_moments_and_the_support_of_the_samples(prior):
    z = prior.sample(20_000, seed=0)
    assert len(prior.axes) == prior.dim
    assert prior.log_prob(torch.tensor([[axis.center for axis in prior.axes]])).isfinite().all()  # a possible code
    for axis, values in zip(prior.axes, z.T, strict=True):
        assert axis.low <= values.min() and values.max() <= axis.high
        if axis.classes:
            assert torch.equal(z[:, axis.classes].sum(1), torch.ones(20_000))
            assert sorted(prior.axes[number].center for number in axis.classes) == [0] * (len(axis.classes) - 1) + [1]
        else:
            assert (values.mean().item(), values.std().item()) == pytest.approx((axis.center, axis.std), abs=0.03)


def test_axes_of_a_product_are_those_of_its_parts():
    prior = build('Product', parts=[dict(type='ibgan_plugin.UniformPrior', dim=1, low=0.0), *PARTS])
    assert [axis.classes for axis in prior.axes] == [(), *[(1, 2, 3)] * 3, *[()] * 6]
    assert [axis.center for axis in prior.axes] == [0.5, 1, 0, 0, *[0] * 6]
    assert prior.axes[-4:] == [LatentAxis()] * 4


def test_densities_against_scipy():
    z = torch.tensor([[0.5, -1.0], [0.0, 0.9]], dtype=torch.float64)
    np.testing.assert_allclose(build('Normal', dim=2).log_prob(z), scipy.stats.norm.logpdf(z).sum(1))
    np.testing.assert_allclose(build('Uniform', dim=2, low=-2.0).log_prob(z), [2 * math.log(1 / 3)] * 2)
    assert build('Uniform', dim=2).log_prob(torch.tensor([[0.0, 1.5]])).item() == -math.inf
    assert build('Categorical', dim=4).log_prob(torch.eye(4)).tolist() == pytest.approx([math.log(1 / 4)] * 4)
    np.testing.assert_allclose(build('Normal', dim=2).log_likelihood(z, z + 1), 2 * scipy.stats.norm.logpdf(1))


def test_lower_bound_by_hand():
    z, z_hat = torch.tensor([[2., 1.]]), torch.tensor([[1., 1.]])
    assert torch.equal(build('Normal', dim=2).mi_lower_bound(z, z_hat), mi_lower_bound(z, z_hat))
    # I_L = H - 0.5 (z - z_hat)^2 - 0.5 log 2 pi a number
    uniform = build('Uniform', dim=1).mi_lower_bound(torch.tensor([[0.5]]), torch.tensor([[0.0]]))
    assert uniform.item() == pytest.approx(math.log(2) - 0.125 - 0.5 * math.log(2 * math.pi))
    # a reconstructor that knows nothing says log K - log K = 0, one that is sure says log K
    categorical = build('Categorical', dim=4)
    assert categorical.mi_lower_bound(torch.eye(4), torch.zeros(4, 4)).tolist() == pytest.approx([0] * 4)
    assert categorical.mi_lower_bound(torch.eye(4), 100 * torch.eye(4)).tolist() == pytest.approx([math.log(4)] * 4)


def test_a_product_is_its_parts():
    prior = build('Product', parts=PARTS)
    assert (prior.dim, prior.coded_dim) == (9, 5)
    z, stats = prior.sample(6, seed=0), torch.randn(6, 5)
    category, uniform, noise = z.split([3, 2, 4], dim=1)
    assert torch.equal(category.sum(1), torch.ones(6)) and uniform.abs().max() < 1 < noise.abs().max()
    expected = (build('Categorical', dim=3).mi_lower_bound(category, stats[:, :3])
                + build('Uniform', dim=2).mi_lower_bound(uniform, stats[:, 3:]))
    torch.testing.assert_close(prior.mi_lower_bound(z, stats), expected)
    torch.testing.assert_close(prior.log_likelihood(z, stats), expected - math.log(3) - 2 * math.log(2))
    mean = prior.posterior_mean(stats)
    torch.testing.assert_close(mean[:, :3], stats[:, :3].softmax(1))
    assert torch.equal(mean[:, 3:5], stats[:, 3:]) and torch.equal(mean[:, 5:], torch.zeros(6, 4))


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: build('Normal', dim=0), 'must be at least 1, got 0'),
    (lambda: build('Uniform', dim=1, low=1.0, high=1.0), 'low must be below high, got 1.0 and 1.0'),
    (lambda: build('Categorical', dim=1), 'at least 2 classes, got dim = 1'),
    (lambda: build('Product', parts=PARTS[::-1]), r'coded=False must come last, got coded = \[False, True, True\]'),
    (lambda: build('Product', parts=[]), 'must be at least 1, got 0')])
def test_impossible_priors(make, message):
    with pytest.raises(IBGANError, match=message):
        make()
