import pytest
import torch
from torch import nn

from ibgan_plugin.ops.window_conv import WindowConv2d
from tests.ops.derivatives import derivatives


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('kernel', 'bias'), [(8, True), (1, False)])
def test_equal_to_the_plain_layer_up_to_second_derivatives(kernel, bias, memory_format):
    fast, plain = (kind(6, 5, kernel, bias=bias).double().to(memory_format=memory_format) for kind in (WindowConv2d, nn.Conv2d))
    plain.load_state_dict(fast.state_dict())
    inputs = torch.randn(3, 6, kernel, kernel, dtype=torch.float64).to(memory_format=memory_format)
    once = torch.randn_like(plain(inputs))
    twice = [torch.randn_like(t) for t in (inputs, *plain.parameters())]
    for ours, theirs in zip(*(derivatives(layer, inputs, once, twice) for layer in (fast, plain)), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs)


def test_larger_inputs_have_more_windows():
    assert WindowConv2d(2, 3, 4, stride=2)(torch.zeros(1, 2, 8, 8)).shape == (1, 3, 3, 3)
    assert WindowConv2d(2, 3, 1)(torch.zeros(1, 2, 8, 8)).shape == (1, 3, 8, 8)
