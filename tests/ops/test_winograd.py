"""Winograd's algorithm against the library's own convolution: result, gradients, gradients of gradients, and state_dict."""
import pytest
import torch
from torch import nn

from ibgan_plugin.ops import winograd
from ibgan_plugin.ops.winograd import WinogradConv2d, WinogradConvTranspose2d
from tests.ops.derivatives import assert_equal_to_plain

KINDS = [(WinogradConv2d, nn.Conv2d), (WinogradConvTranspose2d, nn.ConvTranspose2d)]


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize(('fast', 'plain'), KINDS)
def test_equal_to_the_plain_layer_up_to_second_derivatives(fast, plain, bias, memory_format):
    assert_equal_to_plain(fast(5, 7, 3, padding=1, bias=bias), plain(5, 7, 3, padding=1, bias=bias), (3, 5, 8, 8), memory_format)


@pytest.mark.parametrize(('fast', 'plain'), KINDS)
def test_single_precision(fast, plain):
    fast, plain = fast(5, 7, 3, padding=1), plain(5, 7, 3, padding=1).double()
    plain.load_state_dict(fast.state_dict())
    inputs = torch.randn(16, 5, 8, 8)
    exact = plain(inputs.double())
    assert (fast(inputs) - exact).norm() < 3e-6 * exact.norm()
    assert fast(inputs).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize('kind', [WinogradConv2d, WinogradConvTranspose2d])
def test_other_sizes_devices_and_precisions_take_the_plain_layer(kind, monkeypatch):
    layer = kind(2, 3, 3, padding=1)

    def fails(*args):
        raise AssertionError('fast path')

    monkeypatch.setattr(winograd, 'winograd', fails)
    with pytest.raises(AssertionError, match='fast path'):
        layer(torch.randn(1, 2, 8, 8))
    assert layer(torch.randn(1, 2, 16, 8)).shape == (1, 3, 16, 8)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert layer(torch.randn(1, 2, 8, 8)).dtype == torch.bfloat16
    assert layer.to('meta')(torch.randn(1, 2, 8, 8, device='meta')).device.type == 'meta'


def test_training_after_inference():
    winograd._transforms.cache_clear()
    layer = WinogradConv2d(2, 3, 3, padding=1)
    with torch.inference_mode():
        layer(torch.randn(1, 2, 8, 8))
    layer(torch.randn(1, 2, 8, 8)).sum().backward()
    assert layer.weight.grad.isfinite().all()
