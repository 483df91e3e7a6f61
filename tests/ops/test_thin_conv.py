"""The fast layers against the library's own: result, gradients, gradients of gradients, and state_dict."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ibgan_plugin.ops import thin_conv
from ibgan_plugin.ops.thin_conv import ImageConv2d, ImageConvTranspose2d, spread
from tests.ops.derivatives import assert_equal_to_plain

PAIRS = [
    (ImageConv2d, nn.Conv2d, (1, 8), True, (3, 1, 16, 16)),
    (ImageConv2d, nn.Conv2d, (3, 8), False, (3, 3, 16, 8)),
    (ImageConvTranspose2d, nn.ConvTranspose2d, (8, 1), True, (3, 8, 8, 8)),
    (ImageConvTranspose2d, nn.ConvTranspose2d, (8, 3), False, (3, 8, 4, 8)),
]


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('fast', 'plain', 'channels', 'bias', 'shape'), PAIRS)
def test_equal_to_the_plain_layer_up_to_second_derivatives(fast, plain, channels, bias, shape, memory_format):
    assert_equal_to_plain(fast(*channels, 4, 2, 1, bias=bias), plain(*channels, 4, 2, 1, bias=bias), shape, memory_format)


def test_single_precision_and_frozen_weights():
    layer = ImageConv2d(1, 16, 4, 2, 1).requires_grad_(False)
    inputs = torch.randn(4, 1, 32, 32, requires_grad=True)
    layer(inputs).square().sum().backward()
    grad, inputs.grad = inputs.grad, None
    F.conv2d(inputs, layer.weight, layer.bias, stride=2, padding=1).square().sum().backward()
    torch.testing.assert_close(grad, inputs.grad, rtol=1e-5, atol=1e-5)
    assert layer.weight.grad is None


def test_images_come_channels_last():
    imgs = spread(torch.randn(2, 8, 4, 4), torch.randn(8, 3, 4, 4))
    assert imgs.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(('kind', 'channels'), [(ImageConv2d, (4, 2)), (ImageConvTranspose2d, (2, 4))])
def test_only_full_precision_on_a_cpu_takes_the_fast_path(kind, channels, monkeypatch):
    def fails(*args):
        raise AssertionError('fast path')

    layer, inputs = kind(*channels, 4, 2, 1), torch.randn(1, channels[0], 8, 8)
    monkeypatch.setattr(thin_conv._Spread, 'apply', fails)
    monkeypatch.setattr(thin_conv._Gather, 'apply', fails)
    with pytest.raises(AssertionError, match='fast path'):
        layer(inputs)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert layer(inputs).dtype == torch.bfloat16
    assert layer(inputs[0]).ndim == 3  # without a batch
    layer.to(torch.bfloat16)(inputs.to(torch.bfloat16))
    assert layer.to('meta')(inputs.to('meta', torch.bfloat16)).device.type == 'meta'


def test_odd_sizes():
    layer, inputs = ImageConv2d(1, 2, 4, 2, 1), torch.randn(2, 1, 9, 8, requires_grad=True)
    layer(inputs).sum().backward()
    assert inputs.grad.shape == inputs.shape
