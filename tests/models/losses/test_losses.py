import math

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS

from ibgan_plugin.models.losses import AdversarialLoss, GradientPenalty, InformationLoss, KLLoss, R1Penalty


def test_losses_are_per_sample_and_weighted():
    z, z_hat = torch.tensor([[2.], [1.]]), torch.tensor([[1.], [0.]])
    torch.testing.assert_close(InformationLoss(info_weight=2.0)(z, z_hat), torch.tensor([-3.0, 0.0]))
    torch.testing.assert_close(KLLoss(beta=0.5)(torch.tensor([[1., 1.], [0., 0.]]), torch.zeros(2, 2)), torch.tensor([0.5, 0.0]))
    losses = AdversarialLoss().discriminator(torch.zeros(2, 1), torch.zeros(2, 1))
    torch.testing.assert_close(losses['loss_disc_real'], torch.full((2, ), math.log(2)))
    torch.testing.assert_close(losses['loss_disc_fake'], torch.full((2, ), math.log(2)))
    torch.testing.assert_close(AdversarialLoss().generator(torch.zeros(2, 1))['loss_gen'], torch.full((2, ), math.log(2)))
    critic = GradientPenalty(weight=3.0)
    penalty = critic(lambda x: 0 * x.flatten(1).sum(1, keepdim=True), torch.randn(2, 1, 2, 2), torch.randn(2, 1, 2, 2))
    torch.testing.assert_close(penalty, torch.full((2, ), 3.0))


def test_no_hidden_penalty_at_beta_zero():
    mu = torch.full((3, 2), 100.0, requires_grad=True)
    loss = KLLoss(beta=0.0)(mu, torch.zeros(3, 2)).sum()
    loss.backward()
    assert loss.item() == 0
    assert mu.grad.abs().max().item() == 0


def test_r1_penalty_is_lazy_and_keeps_its_mean():
    weight = torch.randn(1, 3, 4, 4)
    hub, penalty = MessageHub.get_current_instance(), R1Penalty(weight=5.0, interval=4)
    values = []
    for iteration in range(8):
        hub.update_info('iter', iteration)
        values.append(penalty(lambda x: (x * weight).flatten(1).sum(1, keepdim=True), torch.randn(2, 3, 4, 4), None))
    assert [bool(value.any()) for value in values] == [True, False, False, False] * 2
    torch.testing.assert_close(sum(values) / 8, (5.0 / 2 * weight.square().sum()).expand(2))


def test_real_label_range_is_drawn_per_sample():
    # With logits 1 the loss is softplus(1) - label, so labels can be read back.
    logits = torch.ones(20_000, 1)
    label = math.log(1 + math.e) - AdversarialLoss(real_label=(0.7, 1.2)).discriminator(logits, logits)['loss_disc_real']
    assert label.min().item() == pytest.approx(0.7, abs=1e-3)
    assert label.max().item() == pytest.approx(1.2, abs=1e-3)
    assert label.mean().item() == pytest.approx(0.95, abs=5e-3)


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: AdversarialLoss(mode='hing'), r"mode must be one of .*'hinge'.*got 'hing'"),
    (lambda: AdversarialLoss(real_label=(1.2, 0.7)), r'low <= high, got \(1.2, 0.7\)'),
    (lambda: AdversarialLoss(real_label=(0.7, 0.8, 0.9)), r'must be a number or \(low, high\)'),
    (lambda: InformationLoss(-1.0), 'info_weight must be at least 0, got -1.0'),
    (lambda: KLLoss(float('nan')), 'beta must be at least 0, got nan'),
    (lambda: GradientPenalty(0.0), 'weight must be above 0, got 0.0'),
    (lambda: R1Penalty(0.0), 'weight must be above 0 and interval at least 1, got 0.0 and 16'),
    (lambda: R1Penalty(interval=0), 'got 10.0 and 0'),
])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_losses_are_registered():
    for name in ('AdversarialLoss', 'GradientPenalty', 'InformationLoss', 'KLLoss', 'R1Penalty'):
        assert type(MODELS.build(dict(type=f'ibgan_plugin.{name}'))).__name__ == name
