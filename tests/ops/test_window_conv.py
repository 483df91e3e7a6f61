import pytest
import torch
from torch import nn

from ibgan_plugin.ops.window_conv import WindowConv2d
from tests.ops.derivatives import assert_equal_to_plain


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('kernel', 'bias'), [(8, True), (1, False)])
def test_equal_to_the_plain_layer_up_to_second_derivatives(kernel, bias, memory_format):
    fast, plain = (kind(6, 5, kernel, bias=bias) for kind in (WindowConv2d, nn.Conv2d))
    assert_equal_to_plain(fast, plain, (3, 6, kernel, kernel), memory_format)


def test_larger_inputs_have_more_windows():
    assert WindowConv2d(2, 3, 4, stride=2)(torch.zeros(1, 2, 8, 8)).shape == (1, 3, 3, 3)
    assert WindowConv2d(2, 3, 1)(torch.zeros(1, 2, 8, 8)).shape == (1, 3, 8, 8)
