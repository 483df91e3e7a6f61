"""The published training step in plain torch, as a reference for speed and for equality.

Written from the method's description alone: contiguous layout, ``nn.Conv2d`` everywhere, ``torch.optim.RMSprop``, D and q evaluated
together on real and on fake images (q's result on real images is thrown away), D's loss differentiated through the generator, D's
weight gradients computed in the generator's step. Only the update order is repaired: D is stepped between two backward passes over
one graph, which torch refuses, so D is evaluated again after its step.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def encoder(z_dim: int, r_dim: int, hidden: tuple[int, ...], norm: bool) -> nn.Sequential:
    """``z -> hidden -> 2 r_dim``."""
    layers: list[nn.Module] = []
    for width, out in zip((z_dim, *hidden), hidden, strict=False):
        layers += [nn.Linear(width, out), *([nn.BatchNorm1d(out)] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 2 * r_dim))


def generator(r_dim: int, channels: int, c: int, stages: int) -> nn.Sequential:
    """``r -> 16c -> 8x8x4c``, two 3x3 and ``stages`` 4x4 stride-2 transposed convolutions."""
    layers = [nn.Linear(r_dim, 16 * c), nn.BatchNorm1d(16 * c), nn.ReLU(),
              nn.Linear(16 * c, 64 * 4 * c), nn.BatchNorm1d(64 * 4 * c), nn.ReLU(), nn.Unflatten(1, (4 * c, 8, 8))]
    width = 4 * c
    for _ in range(2):
        layers += [nn.ConvTranspose2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    for stage in range(stages - 2, -1, -1):
        out = c * 2**min(stage, 2)
        layers += [nn.ConvTranspose2d(width, out, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        width = out
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh())


def stem(channels: int, c: int, stages: int) -> nn.Sequential:
    """4x4 stride-2 convolutions ``c, 2c, 4c, ...``, the first without BatchNorm."""
    layers = [nn.Conv2d(channels, c, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for stage in range(1, stages):
        width, out = c * 2**min(stage - 1, 2), c * 2**min(stage, 2)
        layers += [nn.Conv2d(width, out, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


def head(width: int, convs: tuple[int, ...], window: int, points: tuple[int, ...], out: int) -> nn.Sequential:
    """3x3 convolutions, the 8x8 valid one, 1x1 convolutions, and the output."""
    layers: list[nn.Module] = []
    for channels in convs:
        layers += [nn.Conv2d(width, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.LeakyReLU(0.2)]
        width = channels
    layers += [nn.Conv2d(width, window, 8, bias=False), nn.BatchNorm2d(window), nn.LeakyReLU(0.2)]
    for channels in points:
        layers += [nn.Conv2d(window, channels, 1), nn.BatchNorm2d(channels), nn.LeakyReLU(0.2)]
        window = channels
    return nn.Sequential(*layers, nn.Conv2d(window, out, 1), nn.Flatten())


def noisy(imgs: Tensor, std: float) -> Tensor:
    """Instance noise, clamped."""
    return (imgs + std * torch.randn_like(imgs)).clamp(-1, 1)


class PlainIBGAN(nn.Module):
    """Networks, losses and optimisers of one of our model configs.

    Args:
        cfg: Config of an ``ibgan_plugin.IBGAN`` with an encoder and a reconstructor.
        lr_generator, lr_discriminator: Learning rates.
    """

    def __init__(self, cfg: dict, lr_generator: float, lr_discriminator: float) -> None:
        super().__init__()
        e, g, d, q = (cfg[name] for name in ('encoder', 'generator', 'discriminator', 'reconstructor'))
        shared = cfg.get('trunk') is not None
        c, channels = d.get('base_channels', 16), d.get('in_channels', 1)
        stages = d.get('image_size', 64).bit_length() - 4
        default_points = q.get('pointwise_multipliers', (16, ))
        self.encoder = encoder(e['z_dim'], e['r_dim'], e['hidden_dims'], e.get('norm', False))
        self.generator = generator(g['r_dim'], g.get('out_channels', 1), g.get('base_channels', 16), stages)
        self.trunk = stem(channels, c, stages) if shared else None
        self.discriminator = self._reader(d, 1, (), c, channels, stages, shared)
        self.reconstructor = self._reader(q, q['z_dim'], default_points, c, channels, stages, shared)
        self.z_dim = e['z_dim']
        label = cfg.get('adversarial_loss', {}).get('real_label', 1.0)
        self.label = label if isinstance(label, (tuple, list)) else (label, label)
        self.info_weight, self.beta = cfg['info_loss']['info_weight'], cfg['kl_loss']['beta']
        own = [*self.discriminator.parameters(), *(self.trunk.parameters() if shared else ())]
        other = [p for part in (self.encoder, self.generator, self.reconstructor) for p in part.parameters()]
        self.optim_d = torch.optim.RMSprop(own, lr_discriminator, momentum=0.9)
        self.optim_g = torch.optim.RMSprop(other, lr_generator, momentum=0.9)

    @staticmethod
    def _reader(cfg: dict, out: int, points: tuple[int, ...], c: int, channels: int, stages: int, shared: bool) -> nn.Sequential:
        """D or q; behind a shared trunk the head alone."""
        top = head(c * 2**min(stages - 1, 2), tuple(c * m for m in cfg.get('conv_multipliers', (8, ))), 16 * c,
                   tuple(c * m for m in points), out)
        return top if shared else nn.Sequential(stem(channels, c, stages), top)

    def copy_weights(self, model: nn.Module) -> None:
        """Take the weights of our model, whose networks list their parameters in the same order."""
        with torch.no_grad():
            for name, part in self.named_children():
                for mine, theirs in zip(part.parameters(), getattr(model, name).parameters(), strict=True):
                    mine.copy_(theirs)

    def read(self, imgs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits N x 1 and reconstructed codes N x z_dim."""
        features = imgs if self.trunk is None else self.trunk(imgs)
        return self.discriminator(features), self.reconstructor(features)

    def step(self, real_imgs: Tensor, std: float) -> dict[str, Tensor]:
        """One D step and one (G, encoder, q) step on images N x C x S x S in [-1, 1]; returns the losses."""
        z = torch.randn(len(real_imgs), self.z_dim, dtype=real_imgs.dtype, device=real_imgs.device)
        mu, logvar = self.encoder(z).chunk(2, dim=1)
        r = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        fake_imgs = noisy(self.generator(r), std)
        real_imgs = noisy(real_imgs, std)

        real_logits, _ = self.read(real_imgs)
        fake_logits, z_hat = self.read(fake_imgs)
        label = torch.empty_like(real_logits).uniform_(*self.label)
        loss_real = F.binary_cross_entropy_with_logits(real_logits, label)
        loss_fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
        self.optim_d.zero_grad()
        (loss_real + loss_fake).backward(retain_graph=True)
        self.optim_d.step()

        if self.trunk is None:
            fake_logits = self.discriminator(fake_imgs)
        else:
            fake_logits, z_hat = self.read(fake_imgs)
        loss_gen = F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))
        lower = (0.5 * (z**2 - (z - z_hat)**2)).sum(1).mean()
        upper = (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum(1).mean()
        self.optim_g.zero_grad()
        (loss_gen - self.info_weight * lower + self.beta * upper).backward()
        self.optim_g.step()
        return dict(loss_disc_real=loss_real.detach(), loss_disc_fake=loss_fake.detach(), loss_gen=loss_gen.detach(),
                    mi_lower_bound=lower.detach(), mi_upper_bound=upper.detach())
