import pytest
import torch
from torch import nn

from ibgan_plugin.interop.mmagic import NoiseGenerator
from ibgan_plugin.models import Discriminator, Encoder, Generator, OrthogonalInit, Reconstructor, Trunk
from ibgan_plugin.models.networks.layers import WindowConv2d, num_stages


def count(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_published_sizes_on_dsprites():
    assert count(Generator()) == 1_179_489  # 1.18 M
    assert count(Discriminator(), Reconstructor()) == 4_496_817  # 4.50 M


@pytest.mark.parametrize('size', [16, 32, 64, 128])
@pytest.mark.parametrize('channels', [1, 3])
def test_shapes_fit_at_every_size(size, channels):
    imgs = Generator(5, channels, 4, size)(torch.randn(2, 5))
    assert imgs.shape == (2, channels, size, size)
    assert imgs.abs().max() <= 1
    assert Discriminator(channels, 4, size)(imgs).shape == (2, 1)
    assert Reconstructor(7, channels, 4, size)(imgs).shape == (2, 7)


def test_noise_generator_is_encoder_and_generator_in_one():
    small = dict(type='ibgan_plugin.Generator', r_dim=3, base_channels=4, image_size=16)
    plain = NoiseGenerator(small).eval()
    noise = torch.randn(2, 3)
    torch.testing.assert_close(plain(noise, return_noise=False), plain.generator(noise))
    both = plain(lambda size: torch.ones(*size), num_batches=5, return_noise=True)
    assert torch.equal(both['noise_batch'], torch.ones(5, 3))
    torch.testing.assert_close(both['fake_img'], plain.generator(torch.ones(5, 3)))
    assert not torch.equal(plain(num_batches=2), plain(num_batches=2))

    whole = NoiseGenerator(small, encoder=dict(type='ibgan_plugin.Encoder', z_dim=7, r_dim=3)).eval()
    assert (plain.noise_size, whole.noise_size) == (3, 7)
    torch.manual_seed(0)
    imgs = whole(noise=torch.ones(2, 7))
    torch.manual_seed(0)
    mu, logvar = whole.encoder(torch.ones(2, 7))
    torch.testing.assert_close(imgs, whole.generator(mu + (logvar / 2).exp() * torch.randn(2, 3)))


def test_published_layers_of_d_and_q():
    def widths(module):
        return [m.out_channels for m in module.modules() if isinstance(m, nn.Conv2d)]

    assert widths(Discriminator()) == [16, 32, 64, 128, 256, 1]
    assert widths(Reconstructor()) == [16, 32, 64, 128, 256, 256, 16]
    assert widths(Trunk(3, 64)) == [64, 128, 256]
    assert widths(Discriminator(3, 64, 64, (4, ), True)) == [256, 1024, 1]
    assert widths(Reconstructor(64, 3, 64, 64, (4, 4), (), True)) == [256, 256, 1024, 64]
    # BatchNorm on all but the first and the last layer.
    assert sum(isinstance(m, nn.BatchNorm2d) for m in Discriminator().modules()) == 4
    assert not any(isinstance(m, nn.BatchNorm2d) for m in Discriminator(norm=False).modules())


def test_shared_trunk_feeds_both_heads():
    features = Trunk(1, 4, 32)(torch.randn(3, 1, 32, 32))
    assert features.shape == (3, 8, 8, 8)
    assert Discriminator(1, 4, 32, (4, ), True)(features).shape == (3, 1)
    assert Reconstructor(5, 1, 4, 32, (4, 4), (), True)(features).shape == (3, 5)


@pytest.mark.parametrize('norm', [False, True])
def test_encoder_gives_mean_and_log_variance(norm):
    mu, logvar = Encoder(6, 3, (8, 8), norm)(torch.randn(5, 6))
    assert mu.shape == logvar.shape == (5, 3)
    assert not torch.equal(mu, logvar)


def test_window_conv_is_a_convolution():
    torch.manual_seed(0)
    window, plain = WindowConv2d(6, 5, 8), nn.Conv2d(6, 5, 8)
    plain.load_state_dict(window.state_dict())
    for memory_format in (torch.contiguous_format, torch.channels_last):
        inputs = torch.randn(3, 6, 8, 8).to(memory_format=memory_format)
        window.to(memory_format=memory_format)
        torch.testing.assert_close(window(inputs), plain(inputs), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r'needs an input of \(8, 8\), got \(9, 8\)'):
        window(torch.randn(1, 6, 9, 8))


@pytest.mark.parametrize('size', [0, -64, 8, 48, 65])
def test_impossible_image_size(size):
    with pytest.raises(ValueError, match=f'power of two of at least 16, got {size}'):
        num_stages(size)


def test_impossible_encoder_width():
    with pytest.raises(ValueError, match='must be at least 1, got 16, 0'):
        Encoder(r_dim=0)


def test_published_initialisation():
    network = Reconstructor()
    network.init_weights()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            # The standard deviation of a sample has a relative error of 1 / sqrt(2 n).
            assert module.weight.std().item() == pytest.approx(0.02, rel=4 / (2 * module.weight.numel())**0.5)
            assert module.bias is None or module.bias.abs().max() == 0
        elif isinstance(module, nn.BatchNorm2d):
            assert module.weight.eq(1).all()
            assert module.bias.eq(0).all()


def test_orthogonal_initialisation():
    network = Generator(4, 1, 4, 16, init_cfg=dict(type='ibgan_plugin.OrthogonalInit', gain=2.0))
    network.init_weights()
    weight = network.project[0].weight  # 64 x 4, orthogonal columns
    torch.testing.assert_close(weight.T @ weight, 4 * torch.eye(4), rtol=1e-4, atol=1e-4)
    assert network.project[0].bias.eq(0).all()


def test_orthogonal_initialisation_reaches_window_convolutions():
    network = Discriminator(1, 2, 16)
    before = network.head[3].weight.clone()
    assert isinstance(network.head[3], WindowConv2d)
    network.to(memory_format=torch.channels_last)
    OrthogonalInit()(network)
    assert network.head[3].weight.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(before, network.head[3].weight)
