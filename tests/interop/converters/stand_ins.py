"""The networks of other implementations, as their tables of layers say, written anew and small: c = 2 channels."""
from itertools import pairwise

import torch
from torch import nn

Z, R, NGF, NDF = 6, 4, 2, 2


def linear(*widths, norm):
    """Linear layers with ReLU between them, and BatchNorm where asked."""
    layers = []
    for width, out in pairwise(widths[:-1]):
        layers += [nn.Linear(width, out), *([nn.BatchNorm1d(out)] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(*widths[-2:]))


def project():
    return nn.Sequential(nn.Linear(R, 16 * NGF), nn.BatchNorm1d(16 * NGF), nn.ReLU(),
                         nn.Linear(16 * NGF, 256 * NGF), nn.BatchNorm1d(256 * NGF), nn.ReLU())


def decode(channels):
    layers = []
    for width, out, kernel, stride in ((4, 4, 3, 1), (4, 4, 3, 1), (4, 2, 4, 2), (2, 1, 4, 2)):
        layers += [nn.ConvTranspose2d(width * NGF, out * NGF, kernel, stride, 1, bias=False), nn.BatchNorm2d(out * NGF), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(NGF, channels, 4, 2, 1), nn.Tanh())


def stem(channels):
    layers = [nn.Conv2d(channels, NDF, 4, 2, 1), nn.LeakyReLU(0.2)]
    for width, out in ((1, 2), (2, 4)):
        layers += [nn.Conv2d(width * NDF, out * NDF, 4, 2, 1, bias=False), nn.BatchNorm2d(out * NDF), nn.LeakyReLU(0.2)]
    return layers


def head(*convs, out, pointwise_slope=None):
    layers, width = [], 4
    for conv in convs:
        layers += [nn.Conv2d(width * NDF, conv * NDF, 3, 1, 1, bias=False), nn.BatchNorm2d(conv * NDF), nn.LeakyReLU(0.2)]
        width = conv
    layers += [nn.Conv2d(width * NDF, 16 * NDF, 8, bias=False), nn.BatchNorm2d(16 * NDF), nn.LeakyReLU(0.2)]
    if pointwise_slope:
        layers += [nn.Conv2d(16 * NDF, 16 * NDF, 1), nn.BatchNorm2d(16 * NDF), nn.LeakyReLU(pointwise_slope)]
    return [*layers, nn.Conv2d(16 * NDF, out, 1)]


#: Names of the generator's modules, of D's, and the slope behind q's own 1x1 convolution.
NAMES = dict(published=(('emb', 'fe', 'conv'), ('front', 'encoder', 'disc'), 0.2),
             han_oqo=(('r', 'r_to_g', 'g'), ('FE', 'q', 'd'), 16.0 * NDF))


class StandIn:
    """Generator and discriminator of ``implementation``, with random weights and statistics, in eval mode."""

    def __init__(self, implementation: str, shared: bool, channels: int = 1) -> None:
        generator, readers, slope = NAMES[implementation]
        encoder = linear(Z, 64, 64, 32, 2 * R, norm=True) if shared else linear(Z, 32, 32, 2 * R, norm=False)
        self.G = nn.ModuleDict(dict(zip(generator, (encoder, project(), decode(channels)), strict=True))).eval()
        if shared:
            modules = stem(channels), head(4, 4, out=Z), head(4, 4, out=1)
        else:
            modules = [], [*stem(channels), *head(8, out=Z, pointwise_slope=slope)], [*stem(channels), *head(8, out=1)]
        self.D = nn.ModuleDict({name: nn.Sequential(*layers) for name, layers in zip(readers, modules, strict=True)}).eval()
        for network in (self.G, self.D):
            for module in network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.running_mean.normal_(std=0.1)
                    module.running_var.uniform_(0.5, 2)
                    module.weight.data.uniform_(0.5, 2)
                    module.bias.data.normal_(std=0.1)
        self.generator, self.readers = generator, readers

    @torch.no_grad()
    def __call__(self, z, r, imgs):
        """mu and logvar, G(r), q(x), D(x)."""
        encoder, project, decode = (self.G[name] for name in self.generator)
        trunk, q, d = (self.D[name] for name in self.readers)
        features = trunk(imgs)
        return encoder(z), decode(project(r).view(len(r), -1, 8, 8)), q(features).flatten(1), d(features).flatten(1)
