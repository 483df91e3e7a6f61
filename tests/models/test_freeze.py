import pytest
import torch
from torch import nn

from ibgan_plugin.models.freeze import frozen, live, unwrap
from tests.conftest import assert_same, snapshot


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 1))


def test_frozen_passes_gradients_to_the_input_only():
    module, inputs = network(), torch.randn(4, 1, 4, 4, requires_grad=True)
    before = snapshot(module)
    with frozen(module):
        output = module(inputs)
    output.square().sum().backward()
    assert inputs.grad.abs().sum() > 0
    assert all(p.grad is None and p.requires_grad for p in module.parameters())
    assert_same(module, before)
    module(inputs)
    assert module[1].num_batches_tracked == 1


def test_frozen_normalises_with_batch_statistics():
    module, inputs = network(), torch.randn(4, 1, 4, 4)
    with frozen(module):
        output = module(inputs)
    torch.testing.assert_close(output, module(inputs))


def test_frozen_restores_after_an_error_and_keeps_what_was_frozen():
    module = network()
    module[0].weight.requires_grad_(False)
    with pytest.raises(RuntimeError, match='stop'), frozen(module):
        raise RuntimeError('stop')
    assert not module[0].weight.requires_grad
    assert module[1].weight.requires_grad
    assert module[1].track_running_stats


def test_live_is_the_module_itself_without_a_wrapper():
    module = network()
    assert unwrap(module) is live(module) is module
