import math
import re

import pytest
import torch

from ibgan_plugin.models.losses import functional as F
from ibgan_plugin.utils.errors import IBGANError


def test_gaussian_kl_by_hand():
    # N(1, 1): 1/2. N(0, e): (e - 1 - 1)/2. N(0, 1): 0.
    mu, logvar = torch.tensor([[1., 0., 0.]]), torch.tensor([[0., 1., 0.]])
    torch.testing.assert_close(F.gaussian_kl(mu, logvar), torch.tensor([[0.5, (math.e - 2) / 2, 0.]]))


def test_gaussian_kl_agrees_with_torch_distributions():
    mu, logvar = torch.randn(5, 3), torch.randn(5, 3)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mu, (logvar / 2).exp()), normal(torch.zeros(5, 3), torch.ones(5, 3)))
    torch.testing.assert_close(F.gaussian_kl(mu, logvar), expected)
    torch.testing.assert_close(F.mi_upper_bound(mu, logvar), expected.sum(1))


def test_mi_lower_bound_by_hand():
    # 0.5 * (z^2 - (z - z_hat)^2) = z * z_hat - z_hat^2 / 2
    z, z_hat = torch.tensor([[2., -1.], [1., 1.]]), torch.tensor([[1., -1.], [0., 3.]])
    torch.testing.assert_close(F.mi_lower_bound(z, z_hat), torch.tensor([2 - 0.5 + 1 - 0.5, 0 + 3 - 4.5]))


def test_mi_lower_bound_is_log_q_plus_entropy():
    z, z_hat = torch.randn(7, 4), torch.randn(7, 4)
    log_q = torch.distributions.Normal(z_hat, 1).log_prob(z).sum(1)
    log_m = torch.distributions.Normal(0, 1).log_prob(z).sum(1)
    torch.testing.assert_close(F.mi_lower_bound(z, z_hat), log_q - log_m)


def test_lower_bound_stays_below_upper_bound_for_the_best_reconstructor():
    # r = a z + noise of variance 1 - a^2, x = r: the best q(z|x) has mean a r.
    a, z = 0.9, torch.randn(200_000, 1)
    r = a * z + math.sqrt(1 - a * a) * torch.randn_like(z)
    lower = F.mi_lower_bound(z, a * r).mean()
    upper = F.mi_upper_bound(a * z, torch.full_like(z, math.log(1 - a * a))).mean()
    true = -0.5 * math.log(1 - a * a)
    assert lower < true < upper + 1e-2
    assert upper == pytest.approx(true, abs=1e-2)


@pytest.mark.parametrize(('mode', 'real', 'fake', 'generator'), [
    ('non_saturating', math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), math.log(1 + math.exp(-2))),
    ('hinge', 0.0, 3.0, -2.0),
    ('least_squares', 0.5, 2.0, 0.5),
    ('wasserstein', -2.0, 2.0, -2.0),
])
def test_adversarial_functions_by_hand(mode, real, fake, generator):
    functions, logit = F.ADVERSARIAL[mode], torch.tensor([[2.0]])
    assert functions.real(logit, 1.0).item() == pytest.approx(real, rel=1e-6)
    assert functions.fake(logit).item() == pytest.approx(fake, rel=1e-6)
    assert functions.generator(logit).item() == pytest.approx(generator, rel=1e-6)


def test_bce_agrees_with_torch_within_and_outside_the_unit_interval():
    logits, label = torch.randn(6, 1) * 3, torch.tensor([[0.], [0.3], [0.7], [1.], [1.1], [1.2]])
    expected = -label * torch.nn.functional.logsigmoid(logits) - (1 - label) * torch.nn.functional.logsigmoid(-logits)
    torch.testing.assert_close(F.bce_with_label(logits, label), expected)


def test_reparameterize_has_the_right_moments_and_gradients():
    mu, logvar = torch.full((100_000, 1), 2.0, requires_grad=True), torch.full((100_000, 1), math.log(9.0), requires_grad=True)
    r = F.reparameterize(mu, logvar)
    assert r.mean().item() == pytest.approx(2, abs=0.05)
    assert r.std().item() == pytest.approx(3, abs=0.05)
    r.mean().backward()
    assert mu.grad.sum().item() == pytest.approx(1)
    # d mean(r) / d logvar = mean(eps) * sigma / 2, and eps = (r - mu) / sigma
    assert logvar.grad.sum().item() == pytest.approx(((r - mu) / 2).mean().item(), abs=1e-4)


def test_instance_noise_clamps_and_vanishes_at_zero():
    imgs = torch.ones(4, 1, 32, 32)
    assert F.add_instance_noise(imgs, 0.0) is imgs
    noisy = F.add_instance_noise(imgs, 0.5)
    assert noisy.max() <= 1
    assert (noisy < 1).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_gradient_penalty_of_a_linear_critic():
    # The gradient of <w, x> is w everywhere: the penalty is (|w| - 1)^2, here (5 - 1)^2.
    weight = torch.zeros(1, 2, 2)
    weight[0, 0] = torch.tensor([3., 4.])
    weight.requires_grad_(True)
    real_imgs, fake_imgs = torch.randn(2, 3, 1, 2, 2)
    penalty = F.gradient_penalty(lambda x: (x * weight).flatten(1).sum(1, keepdim=True), real_imgs, fake_imgs)
    torch.testing.assert_close(penalty, torch.full((3, ), 16.))
    penalty.mean().backward()
    torch.testing.assert_close(weight.grad[0, 0], 2 * 4 * torch.tensor([0.6, 0.8]))


def test_r1_penalty_by_hand():
    # D(x) = a x^2 / 2 summed has the gradient a x, so the penalty is a^2 |x|^2 / 2 and its derivative in a is a |x|^2.
    a = torch.tensor(3.0, requires_grad=True)
    real_imgs = torch.tensor([1.0, 2.0, 0.0, 1.0]).view(2, 1, 1, 2)
    penalty = F.r1_penalty(lambda x: (a * x.square() / 2).flatten(1).sum(1, keepdim=True), real_imgs)
    assert penalty.tolist() == [22.5, 4.5]
    penalty.sum().backward()
    assert a.grad.item() == 18.0
    assert not real_imgs.requires_grad


@pytest.mark.parametrize(('call', 'message'), [
    (lambda: F.mi_lower_bound(torch.zeros(4, 10), torch.zeros(4, 1)),
     'z and z_hat must have the same shape, got (4, 10) and (4, 1)'),
    (lambda: F.mi_lower_bound(torch.zeros(4), torch.zeros(4)), 'z must be N x D, got (4,)'),
    (lambda: F.mi_lower_bound(torch.zeros(4, 2).long(), torch.zeros(4, 2)), 'z must be floating point, got torch.int64'),
    (lambda: F.gaussian_kl(torch.zeros(4, 10), torch.zeros(1)),
     'mu and logvar must have the same shape, got (4, 10) and (1,)'),
    (lambda: F.mi_upper_bound(torch.zeros(4, 10), torch.zeros(4)),
     'mu and logvar must have the same shape, got (4, 10) and (4,)'),
    (lambda: F.reparameterize(torch.zeros(4, 3), torch.zeros(4, 3), torch.zeros(4, 1)),
     'mu and logvar and epsilon must have the same shape, got (4, 3) and (4, 3) and (4, 1)'),
    (lambda: F.gradient_penalty(torch.sum, torch.zeros(4, 1, 8, 8), torch.zeros(1, 1, 8, 8)),
     'real_imgs and fake_imgs must have the same shape, got (4, 1, 8, 8) and (1, 1, 8, 8)'),
    (lambda: F.add_instance_noise(torch.zeros(4, 1, 8, 8), -0.5), 'std must be at least 0, got -0.5'),
    (lambda: F.add_instance_noise(torch.zeros(4, 1, 8, 8), float('nan')), 'std must be at least 0, got nan'),
])
def test_nothing_is_broadcast_in_silence(call, message):
    with pytest.raises(IBGANError, match=re.escape(message)):
        call()
