import copy
import os

import pytest
import torch
from torch import nn

from ibgan_plugin.ops.sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm
from ibgan_plugin.utils.cli import leave_process_group
from tests.reliability.test_distributed import environments
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
    with pytest.raises(ValueError, match=r'takes N x C or N x C x H x W, got \(2, 3, 4\)'):
        SyncBatchNorm(3)._check_input_dim(torch.zeros(2, 3, 4))
