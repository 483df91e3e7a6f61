"""The swap as a whole: whole models before and after, also other packages'."""
import copy

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ibgan_plugin.ops import accelerate
from ibgan_plugin.ops.accelerate import TWINS
from ibgan_plugin.ops.biased_conv import BiasedConvTranspose2d
from tests.conftest import batch, build, model_cfg, trunk_cfg

FAST = {twin for twins in TWINS.values() for twin in twins}


def twins_of(model):
    return [type(m) for m in model.modules() if isinstance(m, tuple(FAST))]


@pytest.mark.parametrize('cfg', [model_cfg(), trunk_cfg()], ids=['separate', 'trunk'])
def test_a_model_is_plain_until_it_is_accelerated(cfg):
    model = MODELS.build(cfg)
    assert not FAST & {type(m) for m in model.modules()}
    before, parameters = copy.deepcopy(model.state_dict()), dict(model.named_parameters())
    assert accelerate(model) is model
    assert {type(m) for m in model.modules()} >= FAST - {BiasedConvTranspose2d}  # theirs have none but the last, an image's
    assert all(value is parameters[key] for key, value in model.named_parameters())
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model.discriminator.head[0].weight.is_contiguous(memory_format=torch.channels_last)
    kinds = twins_of(model)
    assert twins_of(accelerate(model)) == kinds


def derivatives(network, inputs):
    """Output, gradients, and gradients of the gradients' squares."""
    leaves = [inputs, *network.parameters()]
    output = network(inputs)
    first = torch.autograd.grad(output.square().sum(), leaves, create_graph=True)
    return [output, *first, *torch.autograd.grad(sum(g.square().sum() for g in first), leaves)]


def compare(network, inputs):
    plain = copy.deepcopy(network).double()
    fast = accelerate(copy.deepcopy(plain))
    assert twins_of(fast) and not twins_of(plain)
    inputs = inputs.double().requires_grad_()
    for ours, theirs in zip(derivatives(fast, inputs), derivatives(plain, inputs), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6 * theirs.abs().max().item())
    return fast


@pytest.mark.parametrize(('name', 'shape'), [('generator', (4, )), ('discriminator', (1, 16, 16)), ('reconstructor', (1, 16, 16))])
def test_networks_agree_up_to_second_derivatives(name, shape):
    network = getattr(MODELS.build(model_cfg()), name)
    compare(network.eval(), torch.randn(3, *shape))


def test_spectrally_normalised_layers_gain_too():
    network = nn.Sequential(spectral_norm(nn.Conv2d(1, 4, 4, 2, 1)), nn.Tanh(), spectral_norm(nn.Conv2d(4, 4, 3, padding=1)),
                            nn.Tanh(), spectral_norm(nn.Conv2d(4, 2, 8)))
    fast = compare(network.eval(), torch.randn(3, 1, 16, 16))
    assert len(twins_of(fast)) == 3
    again = copy.deepcopy(fast)  # as for an average of the weights
    assert len(twins_of(again)) == 3
    plain = copy.deepcopy(network).double()
    for layer in plain[::2]:
        nn.utils.parametrize.remove_parametrizations(layer, 'weight')
    for layer in again[::2]:
        nn.utils.parametrize.remove_parametrizations(layer, 'weight')
    assert len(twins_of(again)) == 3
    inputs = torch.randn(2, 1, 16, 16).double()
    torch.testing.assert_close(again(inputs), plain(inputs))


def test_a_generator_of_another_package_gains():
    generator = nn.Sequential(nn.Unflatten(1, (5, 8, 8)), nn.ConvTranspose2d(5, 4, 3, padding=1), nn.ReLU(),
                              nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.Tanh())
    compare(generator, torch.randn(2, 320))


class Scaled(nn.Conv2d):
    def forward(self, input):
        return 2 * super().forward(input)


def test_other_layers_are_left_alone():
    layers = [Scaled(1, 2, 4, 2, 1), nn.Conv2d(1, 2, 4, 2, 1, padding_mode='reflect'), nn.Conv2d(4, 4, 3, padding=1, groups=2),
              nn.Conv2d(1, 2, 4, 2, 1, dilation=2), nn.Conv2d(5, 2, 4, 2, 1), nn.Conv2d(2, 2, 3, padding=1, stride=2),
              nn.Conv2d(2, 2, 3, padding='same'), nn.ConvTranspose2d(2, 5, 4, 2, 1, bias=False), nn.Conv3d(1, 2, 4, 2, 1),
              nn.Linear(2, 2), nn.ConvTranspose2d(2, 1, 4, 2, 1, output_padding=1)]
    network = nn.ModuleList(copy.deepcopy(layers))
    accelerate(network)
    assert [type(layer) for layer in network] == [type(layer) for layer in layers]


def test_hooks_and_optimisers_stay():
    model, optim = build(model_cfg())
    calls = []
    model.discriminator.stem[0].register_forward_hook(lambda *_: calls.append(1))
    before = copy.deepcopy(model.state_dict())
    accelerate(model)
    model.train_step(batch(), optim)
    assert len(calls) == 3
    assert all(not torch.equal(before[key], value) for key, value in model.state_dict().items() if key.endswith('weight'))
