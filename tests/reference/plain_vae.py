"""beta-VAE's training step in plain torch, as a reference for speed and for equality: the study's networks, Adam at 1e-4."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainVAE:
    """One step a call.

    Args:
        beta: Weight of the KL term.
        r_dim: Width of the representation.
        channels: Of the images.
        size: Of the images, a multiple of 16.
        learning_rate: Of Adam.
    """

    def __init__(self, beta: float, r_dim: int = 10, channels: int = 1, size: int = 64, learning_rate: float = 1e-4) -> None:
        bottom = size // 16
        self.beta = beta
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 2, 2), nn.ReLU(),
            nn.Conv2d(64, 64, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(64 * bottom**2, 256), nn.ReLU())
        self.heads = nn.ModuleList([nn.Linear(256, r_dim), nn.Linear(256, r_dim)])
        self.decoder = nn.Sequential(
            nn.Linear(r_dim, 256), nn.ReLU(), nn.Linear(256, 64 * bottom**2), nn.ReLU(), nn.Unflatten(1, (64, bottom, bottom)),
            nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, channels, 4, 2, 1))
        self.networks = nn.ModuleList([self.encoder, self.heads, self.decoder])
        self.optimizer = torch.optim.Adam(self.networks.parameters(), lr=learning_rate)

    def step(self, imgs: Tensor) -> Tensor:
        """Step on images N x C x S x S in [-1, 1]; returns the loss, in nats, whose pixels are in [0, 1]."""
        features = self.encoder(imgs)
        mean, log_variance = (head(features) for head in self.heads)
        r = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        reconstruction = F.binary_cross_entropy_with_logits(self.decoder(r), (imgs + 1) / 2, reduction='sum') / len(imgs)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
        loss = reconstruction + self.beta * kl
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()
