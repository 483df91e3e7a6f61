"""Each term against numbers worked by hand, against numpy straight from its paper's equation, and by what must hold of it."""
import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from scipy.integrate import trapezoid

from ibgan_plugin.models.losses import variational
from ibgan_plugin.models.losses.functional import gaussian_kl


@pytest.fixture
def posterior():
    """mu, logvar and r, 7 x 3."""
    rng = np.random.default_rng(0)
    mu, logvar = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
    return mu, logvar, mu + np.exp(logvar / 2) * rng.normal(size=(7, 3))


def tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


def test_bernoulli_by_hand():
    # one black and one white pixel, each given probability 1/2 and then 3/4 of being right
    imgs = torch.tensor([-1., 1.]).view(1, 1, 1, 2)
    assert variational.bernoulli_nll(torch.zeros_like(imgs), imgs).item() == pytest.approx(2 * math.log(2))
    assert variational.bernoulli_nll(math.log(3) * imgs, imgs).item() == pytest.approx(2 * math.log(4 / 3))


def test_likelihoods_against_scipy():
    rng = np.random.default_rng(1)
    logits, pixels = rng.normal(size=(5, 3, 4, 4)), rng.integers(0, 2, (5, 3, 4, 4))
    expected = -scipy.stats.bernoulli.logpmf(pixels, scipy.special.expit(logits)).sum((1, 2, 3))
    np.testing.assert_allclose(variational.bernoulli_nll(*tensors(logits, 2. * pixels - 1)), expected)
    grey = rng.random((5, 3, 4, 4))
    expected = -scipy.stats.norm.logpdf(grey, scipy.special.expit(logits), 0.3).sum((1, 2, 3))
    np.testing.assert_allclose(variational.gaussian_nll(*tensors(logits, 2 * grey - 1), 0.3), expected)


def test_grey_pixels_cost_at_least_their_entropy():
    grey = torch.full((1, 1, 1, 1), 0.25)
    best = variational.bernoulli_nll(torch.logit(grey), 2 * grey - 1).item()
    assert best == pytest.approx(scipy.stats.bernoulli(0.25).entropy())
    assert variational.bernoulli_nll(torch.logit(grey + 0.1), 2 * grey - 1).item() > best


def test_capacity():
    kl = torch.tensor([1., 5.])
    assert [variational.capacity_penalty(kl, c).item() for c in (0, 3, 10)] == [3, 0, 7]


def test_total_correlation_by_hand():
    # two posteriors, far apart in both dimensions at once: q(r) has two places, the product of its marginals four; TC = log 2
    mu = torch.tensor([[-100., -100.], [100., 100.]])
    tc = variational.total_correlation(mu, mu, torch.zeros(2, 2))
    torch.testing.assert_close(tc, torch.full((2, ), math.log(2)))
    # a data set of 5 adds (D - 1) log 5
    tc = variational.total_correlation(mu, mu, torch.zeros(2, 2), dataset_size=5)
    torch.testing.assert_close(tc, torch.full((2, ), math.log(2) + math.log(5)))


def test_total_correlation_against_numpy(posterior):
    mu, logvar, r = posterior
    tc = []
    for sample in r:  # Chen et al., 2018: log q(r) - sum_j log q(r_j), each q a mean over the batch
        joint = np.mean([np.prod(scipy.stats.norm.pdf(sample, m, np.exp(v / 2))) for m, v in zip(mu, logvar, strict=True)])
        marginals = [np.mean([scipy.stats.norm.pdf(sample[j], m[j], np.exp(v[j] / 2)) for m, v in zip(mu, logvar, strict=True)])
                     for j in range(3)]
        tc.append(np.log(joint) - np.log(marginals).sum())
    np.testing.assert_allclose(variational.total_correlation(*tensors(r, mu, logvar)), tc)


def test_total_correlation_of_a_product_is_zero():
    r = torch.randn(6, 4, dtype=torch.float64)
    mu, logvar = torch.full_like(r, 0.5), torch.full_like(r, -1.0)  # the same posterior for all: q(r) is that product
    assert variational.total_correlation(r, mu, logvar).abs().max() < 1e-12
    # a grid of means is a product too, if it is taken as a whole
    grid = torch.cartesian_prod(torch.arange(3.), torch.arange(4.)).double()
    assert variational.total_correlation(grid, grid, torch.full_like(grid, -2.0)).abs().max() < 1e-12


def test_dataset_size_changes_no_gradient(posterior):
    gradients = []
    for size in (1, 737_280):
        r, mu, logvar = (t.requires_grad_() for t in tensors(posterior[2], *posterior[:2]))
        variational.total_correlation(r, mu, logvar, size).mean().backward()
        gradients.append(torch.stack([r.grad, mu.grad, logvar.grad]))
    torch.testing.assert_close(*gradients)


def test_covariances_against_numpy(posterior):
    mu, logvar, _ = posterior
    expected = np.cov(mu.T, bias=True)
    np.testing.assert_allclose(variational.aggregate_covariance(*tensors(mu)), expected)
    expected = expected + np.diag(np.exp(logvar).mean(0))
    np.testing.assert_allclose(variational.aggregate_covariance(*tensors(mu, logvar)), expected)
    # by sampling: the law of total covariance
    rng = np.random.default_rng(2)
    draws = mu + np.exp(logvar / 2) * rng.normal(size=(40_000, *mu.shape))
    np.testing.assert_allclose(np.cov(draws.reshape(-1, 3).T), expected, atol=0.03)


def test_dip_penalty():
    assert variational.dip_penalty(torch.eye(4), 10.0, 100.0).item() == 0
    # off the diagonal twice 0.5^2, on it 1^2
    assert variational.dip_penalty(torch.tensor([[2., 0.5], [0.5, 1.]]), 10.0, 100.0).item() == pytest.approx(105)


def test_permutation_keeps_marginals_and_breaks_dependence():
    r = torch.randn(2000, 1).expand(-1, 3) + torch.tensor([0., 10., 20.])
    permuted = variational.permute_dims(r)
    torch.testing.assert_close(permuted.sort(0).values, r.sort(0).values, rtol=0, atol=0)
    assert torch.corrcoef(r.T).min() > 0.999
    assert (torch.corrcoef(permuted.T) - torch.eye(3)).abs().max() < 0.1
    assert torch.equal(r.argsort(0)[:, 0], r.argsort(0)[:, 1])  # the argument is left as it was


def test_critic():
    logits, permuted = torch.tensor([[math.log(3), 0.]]), torch.zeros(1, 2)
    assert variational.log_density_ratio(logits).item() == pytest.approx(math.log(3))
    # D(r) = 3/4, D(r_perm) = 1/2
    assert variational.critic_nll(logits, permuted).item() == pytest.approx(0.5 * (math.log(4 / 3) + math.log(2)))


def test_the_best_critic_gives_the_total_correlation():
    # on a grid of r: D = q / (q + product) makes the density ratio's mean KL(q || product)
    q = np.array([[0.4, 0.1], [0.2, 0.3]])
    product = np.outer(q.sum(1), q.sum(0))
    d = q / (q + product)
    ratio = variational.log_density_ratio(torch.from_numpy(np.log(np.stack([d, 1 - d], axis=-1)).reshape(4, 2)))
    assert (ratio.numpy() * q.ravel()).sum() == pytest.approx((q * np.log(q / product)).sum())


def test_kl_is_that_of_two_gaussians(posterior):
    mu, logvar, _ = posterior
    log_ratio = variational.gaussian_log_density(torch.zeros(1).double(), *tensors(mu, logvar))
    np.testing.assert_allclose(log_ratio, scipy.stats.norm.logpdf(0, mu, np.exp(logvar / 2)))
    x = np.linspace(-30, 30, 200_001)
    for m, v, kl in zip(mu[0], logvar[0], gaussian_kl(*tensors(mu[0], logvar[0])).tolist(), strict=True):
        q, p = scipy.stats.norm(m, np.exp(v / 2)), scipy.stats.norm()
        assert trapezoid(q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), x) == pytest.approx(kl, abs=1e-6)
