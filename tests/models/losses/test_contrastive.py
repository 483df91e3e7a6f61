import math

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.models.losses.contrastive import ContrastiveLoss, pair_codes
from ibgan_plugin.utils.errors import IBGANError


def test_pairs_by_hand():
    first, second, index = torch.tensor([[1., -1., 0.5]]), torch.tensor([[-1., 1., 0.0]]), torch.tensor([2])
    pair = pair_codes(first, second, index, -1.0, 1.0, gap=0.0)
    assert pair.first.tolist() == [[1., -1., 0.5]] and pair.second.tolist() == [[-1., 1., 0.5]] and pair.index is index
    # a gap of 1: into [-1/2, 1/2], then 1/2 further apart
    pair = pair_codes(torch.tensor([[0.5, 0.2]]), torch.tensor([[-0.5, 0.2]]), torch.tensor([1]), -1.0, 1.0, gap=1.0)
    assert pair.first.tolist() == [[0.75, pytest.approx(0.2)]] and pair.second.tolist() == [[-0.75, pytest.approx(0.2)]]


@pytest.mark.parametrize('gap', [0.0, 0.7, 1.9])
def test_all_other_codes_are_apart_and_in_range(gap):
    first, second = 2 * torch.rand(2, 5000, 5) - 1
    pair = pair_codes(first, second, torch.randint(5, (5000, )), -1.0, 1.0, gap)
    distance = (pair.first - pair.second).abs()
    shared = torch.nn.functional.one_hot(pair.index, 5).bool()
    assert (distance[shared] == 0).all() and distance[~shared].min() >= gap - 1e-6
    assert max(pair.first.abs().max(), pair.second.abs().max()) <= 1 + 1e-6
    assert abs(pair.first.mean()) < 0.05  # neither image of a pair is favoured


def test_loss_against_numpy():
    logits, index = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 2, 3, 0, 1])
    expected = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(6), index]
    loss = ContrastiveLoss(weight=2.0)
    tensors = torch.from_numpy(logits), torch.from_numpy(index)
    np.testing.assert_allclose(loss.generator(*tensors)['loss_contrastive'], 2 * expected)
    terms = loss.network(*tensors)
    np.testing.assert_allclose(terms['loss_contrastive_network'], expected)
    assert terms['contrastive_accuracy'].mean().item() == pytest.approx((logits.argmax(1) == index).mean())


def test_knowing_nothing_costs_the_log_of_the_codes():
    loss = MODELS.build(dict(type='ibgan_plugin.ContrastiveLoss', weight=1.0))
    terms = loss.generator(torch.zeros(3, 5), torch.tensor([0, 2, 4]))
    assert terms['loss_contrastive'].tolist() == pytest.approx([math.log(5)] * 3)


@pytest.mark.parametrize('gap', [-0.1, 2.5])
def test_a_gap_that_codes_can_not_keep(gap):
    codes = torch.zeros(1, 2)
    with pytest.raises(IBGANError, match=f'gap = {gap} is beyond the range of the codes, -1.0 to 1.0'):
        pair_codes(codes, codes, torch.tensor([0]), -1.0, 1.0, gap)


def test_impossible_numbers():
    with pytest.raises(IBGANError, match=r'weight and gap must be at least 0, got -1.0 and 0.0'):
        ContrastiveLoss(weight=-1.0)
