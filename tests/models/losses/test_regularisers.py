import math

import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.models.losses import variational
from ibgan_plugin.models.losses.functional import mi_upper_bound
from ibgan_plugin.models.losses.regularisers import Posterior
from ibgan_plugin.utils.errors import IBGANError


def build(name, **kwargs):
    return MODELS.build(dict(type=f'ibgan_plugin.{name}', **kwargs))


@pytest.fixture
def posterior():
    mu, logvar = torch.randn(2, 8, 3)
    return Posterior(mu, logvar, mu + (logvar / 2).exp() * torch.randn(8, 3))


def kl(posterior):
    return mi_upper_bound(posterior.mu, posterior.logvar)


def test_beta_one_is_the_elbo(posterior):
    assert torch.equal(build('KLRegulariser')(posterior)['loss_kl'], kl(posterior))
    torch.testing.assert_close(build('KLRegulariser', beta=4.0)(posterior)['loss_kl'], 4 * kl(posterior))
    tc = build('TotalCorrelationRegulariser', beta=1.0)(posterior)
    assert torch.equal(tc['loss_kl'], kl(posterior)) and tc['loss_tc'].abs().max() == 0
    dip = build('DIPRegulariser', variant='i', off_diagonal=0.0)(posterior)
    assert torch.equal(dip['loss_kl'], kl(posterior)) and dip['loss_dip'] == 0
    assert build('DensityRatioLoss', gamma=0.0).autoencoder(torch.randn(8, 2))['loss_tc'].abs().max() == 0


def test_annealed_vae(posterior):
    annealed = build('CapacityRegulariser', gamma=10.0)
    torch.testing.assert_close(annealed(posterior)['loss_capacity'], 10 * kl(posterior).mean())
    annealed.capacity = 25.0
    torch.testing.assert_close(annealed(posterior)['loss_capacity'], 10 * (kl(posterior).mean() - 25).abs())


def test_beta_tcvae(posterior):
    terms = build('TotalCorrelationRegulariser', beta=6.0)(posterior)
    torch.testing.assert_close(terms['loss_tc'], 5 * variational.total_correlation(posterior.r, posterior.mu, posterior.logvar))
    assert terms['loss_tc'].shape == terms['loss_kl'].shape == (8, )


def test_both_dip_variants_vanish_at_identity_covariance():
    # four means on the corners of a square have covariance I; or none, and unit variances
    corners = torch.tensor([[1., 1.], [1., -1.], [-1., 1.], [-1., -1.]])
    nothing = torch.full_like(corners, -torch.inf)
    i, ii = build('DIPRegulariser', variant='i'), build('DIPRegulariser', variant='ii')
    assert i(Posterior(corners, torch.zeros_like(corners), corners))['loss_dip'] == 0
    assert ii(Posterior(corners, nothing, corners))['loss_dip'] == 0
    assert ii(Posterior(torch.zeros_like(corners), torch.zeros_like(corners), corners))['loss_dip'] == 0
    # means of variance 4: (4 - 1)^2 in two places, lambda_d = 10 lambda_od in variant I and lambda_od in variant II
    wide = Posterior(2 * corners, nothing, corners)
    assert i(wide)['loss_dip'].item() == pytest.approx(100 * 18)
    assert ii(wide)['loss_dip'].item() == pytest.approx(10 * 18)
    assert build('DIPRegulariser', variant='ii', diagonal=1.0)(wide)['loss_dip'].item() == pytest.approx(18)


def test_density_ratio_loss():
    loss = build('DensityRatioLoss', gamma=2.0)
    logits = torch.tensor([[math.log(3), 0.]])
    assert loss.autoencoder(logits)['loss_tc'].item() == pytest.approx(2 * math.log(3))
    assert loss.critic(logits, torch.zeros(1, 2))['loss_critic'].item() == pytest.approx(0.5 * (math.log(4 / 3) + math.log(2)))


def test_reconstruction_losses_share_their_mean():
    outputs = torch.tensor([0., math.log(3)]).view(1, 1, 1, 2)
    for loss in (build('BernoulliReconstruction'), build('GaussianReconstruction')):
        torch.testing.assert_close(loss.mean(outputs).flatten(), torch.tensor([0., 0.5]))
    # the study's L2 loss is this one up to a constant
    imgs = torch.tensor([-1., 1.]).view(1, 1, 1, 2)
    difference = build('GaussianReconstruction')(outputs, imgs) - build('GaussianReconstruction')(torch.zeros_like(imgs), imgs)
    assert difference.item() == pytest.approx((0.25 + 0.0625) - (0.25 + 0.25))


@pytest.mark.parametrize(('name', 'kwargs', 'message'), [
    ('KLRegulariser', dict(beta=-1.0), 'beta must be at least 0, got -1.0'),
    ('TotalCorrelationRegulariser', dict(beta=0.5), 'beta must be at least 1, got 0.5'),
    ('TotalCorrelationRegulariser', dict(dataset_size=0), 'dataset_size must be at least 1, got 0'),
    ('DIPRegulariser', dict(variant='iii'), "variant must be 'i' or 'ii', got 'iii'"),
    ('DIPRegulariser', dict(variant='i', off_diagonal=-1.0), 'off_diagonal must be at least 0, got -1.0'),
    ('CapacityRegulariser', dict(capacity=-3.0), 'capacity must be at least 0, got -3.0'),
    ('DensityRatioLoss', dict(gamma=-3.0), 'gamma must be at least 0, got -3.0'),
    ('GaussianReconstruction', dict(std=0.0), 'std must be above 0, got 0.0')])
def test_impossible_arguments(name, kwargs, message):
    with pytest.raises(IBGANError, match=message):
        build(name, **kwargs)
