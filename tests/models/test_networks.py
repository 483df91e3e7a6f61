import re

import pytest
import torch
from torch import nn

from ibgan_plugin.models import (
    ContrastiveNetwork,
    Discriminator,
    Encoder,
    Generator,
    ImageDecoder,
    ImageEncoder,
    InfoGANGenerator,
    LatentCritic,
    LayoutGenerator,
    OrthogonalInit,
    Reconstructor,
    SmallGenerator,
    SpectralDiscriminator,
    SpectralReconstructor,
    SpectralTrunk,
    Trunk,
)
from ibgan_plugin.models.networks.layers import num_stages
from ibgan_plugin.ops import accelerate
from ibgan_plugin.ops.window_conv import WindowConv2d
from ibgan_plugin.utils.errors import IBGANError


def count(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_published_sizes_on_dsprites():
    assert count(Generator()) == 1_179_489  # 1.18 M
    assert count(Discriminator(), Reconstructor()) == 4_496_817  # 4.50 M


@pytest.mark.parametrize('size', [16, 32, 64, 128])
@pytest.mark.parametrize('channels', [1, 3])
def test_shapes_fit_at_every_size(size, channels):
    imgs = Generator(r_dim=5, out_channels=channels, base_channels=4, image_size=size)(torch.randn(2, 5))
    assert imgs.shape == (2, channels, size, size)
    assert imgs.abs().max() <= 1
    reads = dict(in_channels=channels, base_channels=4, image_size=size)
    assert Discriminator(**reads)(imgs).shape == (2, 1)
    assert Reconstructor(z_dim=7, **reads)(imgs).shape == (2, 7)


def test_published_layers_of_d_and_q():
    def widths(module):
        return [m.out_channels for m in module.modules() if isinstance(m, nn.Conv2d)]

    assert widths(Discriminator()) == [16, 32, 64, 128, 256, 1]
    assert widths(Reconstructor()) == [16, 32, 64, 128, 256, 256, 16]
    assert widths(Trunk(in_channels=3, base_channels=64)) == [64, 128, 256]
    celeba = dict(in_channels=3, base_channels=64, shared_trunk=True)
    assert widths(Discriminator(conv_multipliers=(4, ), **celeba)) == [256, 1024, 1]
    assert widths(Reconstructor(z_dim=64, conv_multipliers=(4, 4), pointwise_multipliers=(), **celeba)) == [256, 256, 1024, 64]
    # BatchNorm on all but the first and the last layer.
    assert sum(isinstance(m, nn.BatchNorm2d) for m in Discriminator().modules()) == 4
    assert not any(isinstance(m, nn.BatchNorm2d) for m in Discriminator(norm=False).modules())


def test_shared_trunk_feeds_both_heads():
    reads = dict(in_channels=1, base_channels=4, image_size=32)
    features = Trunk(**reads)(torch.randn(3, 1, 32, 32))
    assert features.shape == (3, 8, 8, 8)
    assert Discriminator(**reads, conv_multipliers=(4, ), shared_trunk=True)(features).shape == (3, 1)
    head = Reconstructor(z_dim=5, **reads, conv_multipliers=(4, 4), pointwise_multipliers=(), shared_trunk=True)
    assert head(features).shape == (3, 5)


@pytest.mark.parametrize('norm', [False, True])
def test_encoder_gives_mean_and_log_variance(norm):
    mu, logvar = Encoder(z_dim=6, r_dim=3, hidden_dims=(8, 8), norm=norm)(torch.randn(5, 6))
    assert mu.shape == logvar.shape == (5, 3)
    assert not torch.equal(mu, logvar)


@pytest.mark.parametrize(('network', 'inputs', 'message'), [
    (Encoder(z_dim=6, r_dim=3), torch.zeros(2, 5), r'Encoder takes source codes N x 6, got (2, 5)'),
    (Generator(r_dim=3, base_channels=2, image_size=16), torch.zeros(3), r'Generator takes representations N x 3, got (3,)'),
    (Trunk(in_channels=3, base_channels=2, image_size=16), torch.zeros(2, 1, 16, 16),
     r'Trunk takes images N x 3 x 16 x 16, got (2, 1, 16, 16)'),
    (Discriminator(base_channels=2, image_size=16), torch.zeros(2, 1, 32, 32),
     r'Discriminator takes images N x 1 x 16 x 16, got (2, 1, 32, 32)'),
    (Reconstructor(base_channels=2, image_size=16, shared_trunk=True), torch.zeros(2, 1, 16, 16),
     r'Reconstructor takes trunk features N x 2 x 8 x 8, got (2, 1, 16, 16)'),
    (SpectralTrunk(1, 2, 5, 16), torch.zeros(2, 3, 16, 16), r'SpectralTrunk takes images N x 1 x 16 x 16, got (2, 3, 16, 16)'),
    (SpectralDiscriminator(5), torch.zeros(2, 4), r'SpectralDiscriminator takes trunk features N x 5, got (2, 4)'),
    (SpectralReconstructor(3, 5, 2), torch.zeros(2, 4), r'SpectralReconstructor takes trunk features N x 5, got (2, 4)'),
    (SmallGenerator(3, 1, 2, 4, 16), torch.zeros(2, 4), r'SmallGenerator takes representations N x 3, got (2, 4)'),
    (LayoutGenerator(3, 1, 2, 4, 2, 16), torch.zeros(2, 4), r'LayoutGenerator takes representations N x 3, got (2, 4)'),
    (InfoGANGenerator(3, 1, 16), torch.zeros(2, 4), r'InfoGANGenerator takes representations N x 3, got (2, 4)'),
    (ContrastiveNetwork(5, 1, 2, 4, 16), torch.zeros(2, 1, 16, 16),
     r'ContrastiveNetwork takes pairs of images N x 2 x 16 x 16, got (2, 1, 16, 16)'),
    (ImageEncoder(3, 1, 16, 2, 4), torch.zeros(2, 1, 32, 32), r'ImageEncoder takes images N x 1 x 16 x 16, got (2, 1, 32, 32)'),
    (ImageDecoder(3, 1, 16, 2, 4), torch.zeros(2, 4), r'ImageDecoder takes representations N x 3, got (2, 4)'),
    (LatentCritic(3, (4, )), torch.zeros(2, 4), r'LatentCritic takes representations N x 3, got (2, 4)'),
])
def test_inputs_of_another_size_are_named_with_the_network(network, inputs, message):
    with pytest.raises(IBGANError, match=re.escape(message)):
        network(inputs)


def test_networks_hold_plain_layers_only():
    for network in (Encoder(norm=True), Generator(), Discriminator(), Reconstructor(), Trunk()):
        assert all(type(m).__module__.startswith('torch.nn.') for m in list(network.modules())[1:])


@pytest.mark.parametrize('size', [0, -64, 8, 48, 65, 2**20])
def test_impossible_image_size(size):
    with pytest.raises(ValueError, match=f'power of two from 16 to 4096, got {size}'):
        num_stages(size)


@pytest.mark.parametrize(('build', 'message'), [
    (lambda: Encoder(r_dim=0), 'Encoder.r_dim must be 1 to 65536, got 0'),
    (lambda: Encoder(hidden_dims=(32, -1)), 'Encoder.hidden_dims[1] must be 1 to 65536, got -1'),
    (lambda: Generator(base_channels=0), 'Generator.base_channels must be 1 to 65536, got 0'),
    (lambda: Generator(out_channels=10**12), 'Generator.out_channels must be 1 to 65536, got 1000000000000'),
    (lambda: Trunk(in_channels=0), 'Trunk.in_channels must be 1 to 65536, got 0'),
    (lambda: Discriminator(base_channels=0), 'Discriminator.base_channels must be 1 to 65536, got 0'),
    (lambda: Discriminator(conv_multipliers=(8, 0)), 'Discriminator.conv_multipliers[1] must be 1 to 65536, got 0'),
    (lambda: Reconstructor(z_dim=-2), 'Reconstructor.z_dim must be 1 to 65536, got -2'),
    (lambda: SpectralTrunk(num_features=0), 'SpectralTrunk.num_features must be 1 to 65536, got 0'),
    (lambda: SpectralDiscriminator(num_features=0), 'SpectralDiscriminator.num_features must be 1 to 65536, got 0'),
    (lambda: SpectralReconstructor(z_dim=0), 'SpectralReconstructor.z_dim must be 1 to 65536, got 0'),
    (lambda: SmallGenerator(hidden_dim=0), 'SmallGenerator.hidden_dim must be 1 to 65536, got 0'),
    (lambda: LayoutGenerator(num_cosines=0), 'LayoutGenerator.num_cosines must be 1 to 65536, got 0'),
    (lambda: LayoutGenerator(r_dim=2), 'LayoutGenerator.r_dim must be at least 3, rows, columns and one more, got 2'),
    (lambda: InfoGANGenerator(r_dim=0), 'InfoGANGenerator.r_dim must be 1 to 65536, got 0'),
    (lambda: ContrastiveNetwork(num_codes=0), 'ContrastiveNetwork.num_codes must be 1 to 65536, got 0'),
    (lambda: ImageEncoder(r_dim=0), 'ImageEncoder.r_dim must be 1 to 65536, got 0'),
    (lambda: ImageDecoder(out_channels=0), 'ImageDecoder.out_channels must be 1 to 65536, got 0'),
    (lambda: LatentCritic(hidden_dims=(4, 0)), 'LatentCritic.hidden_dims[1] must be 1 to 65536, got 0'),
    (lambda: LatentCritic(hidden_dims=()), 'LatentCritic.hidden_dims must have at least one width, got none'),
])
def test_impossible_widths(build, message):
    with pytest.raises(IBGANError, match=re.escape(message)):
        build()


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
    network = Generator(r_dim=4, base_channels=4, image_size=16, init_cfg=dict(type='ibgan_plugin.OrthogonalInit', gain=2.0))
    network.init_weights()
    weight = network.project[0].weight  # 64 x 4, orthogonal columns
    torch.testing.assert_close(weight.T @ weight, 4 * torch.eye(4), rtol=1e-4, atol=1e-4)
    assert network.project[0].bias.eq(0).all()


def test_orthogonal_initialisation_reaches_fast_twins():
    network = accelerate(Discriminator(base_channels=2, image_size=16))
    before = network.head[3].weight.clone()
    assert isinstance(network.head[3], WindowConv2d)
    OrthogonalInit()(network)
    assert network.head[3].weight.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(before, network.head[3].weight)


def test_an_encoder_can_start_with_little_noise():
    encoder = Encoder(initial_logvar=-4.0)
    before = encoder.net[-1].bias[:10].clone()
    assert encoder(torch.randn(1000, 16))[1].mean().item() == pytest.approx(-4, abs=0.2)
    assert torch.equal(encoder.net[-1].bias[:10], before)
    encoder.init_weights()
    assert encoder.net[-1].bias.tolist() == [0.0] * 10 + [-4.0] * 10
    plain = Encoder()
    plain.init_weights()
    assert not plain.net[-1].bias.any()
