import copy
import os
import pkgutil

import pytest
import torch
from torch import nn

from ibgan_plugin.ops.sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm, revert_sync_batchnorm
from ibgan_plugin.utils.cli import leave_process_group
from tests.reliability.processes import environments
from tests.reliability.training import CONTEXT


def on_cuda(layer):
    network = nn.Sequential(layer)
    convert_sync_batchnorm(network, 'cuda')
    assert network[0].weight is layer.weight and network[0].running_mean is layer.running_mean
    return network


def both(inputs):
    torch.manual_seed(0)
    plain = (nn.BatchNorm1d if inputs.ndim == 2 else nn.BatchNorm2d)(3)
    nn.init.normal_(plain.weight)
    nn.init.normal_(plain.bias)
    synced = nn.Sequential(copy.deepcopy(plain))
    convert_sync_batchnorm(synced)
    assert isinstance(synced[0], SyncBatchNorm)
    assert [type(layer) for layer in on_cuda(copy.deepcopy(plain))] == [nn.SyncBatchNorm]
    return plain, synced[0]


def compare(rank: int, environment: dict, shape: tuple) -> None:
    os.environ.update(environment)
    torch.distributed.init_process_group('gloo')
    torch.manual_seed(1)
    inputs, weights = torch.randn(8, *shape) * 3 + 100, torch.randn(8, *shape)
    plain, synced = both(inputs)
    whole, part = inputs.clone().requires_grad_(), inputs[4 * rank:4 * rank + 4].clone().requires_grad_()
    expected, got = plain(whole), synced(part)
    torch.testing.assert_close(got, expected[4 * rank:4 * rank + 4], rtol=1e-4, atol=1e-4)
    (expected * weights).sum().backward()
    (got * weights[4 * rank:4 * rank + 4]).sum().backward()
    torch.testing.assert_close(part.grad, whole.grad[4 * rank:4 * rank + 4], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(synced.running_mean, plain.running_mean)
    torch.testing.assert_close(synced.running_var, plain.running_var, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(synced.eval()(inputs), plain.eval()(inputs))
    leave_process_group()


@pytest.mark.parametrize('shape', [(3, ), (3, 2, 5)])
def test_two_ranks_are_one_batchnorm_over_both(shape):
    ranks = [CONTEXT.Process(target=compare, args=(rank, environment, shape)) for rank, environment in enumerate(environments())]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(60)
    assert [process.exitcode for process in ranks] == [0, 0]


def test_alone_it_is_the_plain_batchnorm():
    inputs = torch.randn(4, 3, 2, 2)
    plain, synced = both(inputs)
    assert torch.equal(plain(inputs), synced(inputs))
    assert torch.equal(plain.running_var, synced.running_var)


def test_wrong_shape():
    with pytest.raises(ValueError, match=r'takes N x C x \.\.\., got \(3,\)'):
        SyncBatchNorm(3)(torch.zeros(3))


@pytest.mark.parametrize('plain', [nn.BatchNorm1d(3), nn.BatchNorm2d(3), nn.BatchNorm3d(3)])
def test_taken_back_it_is_the_plain_batchnorm_with_the_same_weights(plain, monkeypatch):
    monkeypatch.delattr(pkgutil, 'find_loader', raising=False)  # as in Python 3.14
    nn.init.normal_(plain.weight)
    synced = nn.Sequential(nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(plain)), nn.ReLU())
    weight = synced[0].weight
    revert_sync_batchnorm(synced)
    assert synced[0].weight is weight and list(synced[0].state_dict()) == list(plain.state_dict())
    inputs = torch.randn(4, 3, *(2, ) * {nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}.get(type(plain), 0))
    for train in (True, False):
        assert torch.equal(synced[0].train(train)(inputs), plain.train(train)(inputs))
    assert torch.equal(synced[0].running_var, plain.running_var)
