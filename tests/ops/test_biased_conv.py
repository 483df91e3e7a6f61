import pytest
import torch
from torch import nn

from ibgan_plugin.ops.biased_conv import BiasedConvTranspose2d
from tests.ops.derivatives import assert_equal_to_plain


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('kernel', 'stride', 'padding'), [(4, 2, 1), (3, 1, 1), (2, 2, 0)])
def test_equal_to_the_plain_layer_up_to_second_derivatives(kernel, stride, padding, memory_format):
    fast, plain = (kind(6, 5, kernel, stride, padding) for kind in (BiasedConvTranspose2d, nn.ConvTranspose2d))
    assert_equal_to_plain(fast, plain, (3, 6, 4, 4), memory_format)


def test_fits_what_has_a_bias():
    assert BiasedConvTranspose2d.fits(nn.ConvTranspose2d(8, 8, 4, 2, 1))
    assert not BiasedConvTranspose2d.fits(nn.ConvTranspose2d(8, 8, 4, 2, 1, bias=False))
    assert not BiasedConvTranspose2d.fits(nn.ConvTranspose2d(8, 8, 4, 2, 1, groups=2))


def test_an_output_size_that_is_asked_for():
    layer = BiasedConvTranspose2d(2, 3, 3, stride=2, padding=1)
    assert layer(torch.zeros(1, 2, 4, 4), output_size=[8, 8]).shape == (1, 3, 8, 8)
