import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

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


def test_tracers_counters_and_autocast_know_the_product_as_they_know_the_convolution():
    """So the layer need not ask who computes."""
    fast, inputs, flops = WindowConv2d(6, 5, 8), torch.randn(3, 6, 8, 8), []
    plain = nn.Conv2d(6, 5, 8)
    plain.load_state_dict(fast.state_dict())
    for layer in (fast, plain):
        with FlopCounterMode(display=False) as counter:
            layer(inputs)
        flops.append(counter.get_total_flops())
    assert flops[0] == flops[1] > 0
    assert str(torch.jit.trace(fast, inputs).inlined_graph).count('aten::linear') == 1
    with torch.autocast('cpu', dtype=torch.bfloat16):
        products = fast(inputs), plain(inputs)
    assert products[0].dtype == products[1].dtype == torch.bfloat16
    torch.testing.assert_close(*products, atol=1e-2, rtol=1e-2)
