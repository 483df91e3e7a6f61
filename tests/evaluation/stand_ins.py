"""A small network with fixed weights, as TorchScript: features of images without any file from elsewhere."""
import numpy as np
import torch
from torch import nn


class Tiny(nn.Module):
    """Random convolutions with fixed weights: N x channels x S x S in 0..255 -> N x 8, and logits N x 5."""

    def __init__(self, channels: int = 3, seed: int = 0, logits: bool = False) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.logits = logits
        self.conv = nn.Conv2d(channels, 8, 4, stride=4)
        self.head = nn.Linear(8, 5)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / parameter[0].numel() ** 0.5

    def forward(self, imgs: torch.Tensor):
        features = self.conv(imgs / 127.5 - 1).relu().mean((2, 3))
        return (features, self.head(features)) if self.logits else features


def save_tiny(path, **options) -> str:
    """Path of the traced network."""
    torch.jit.save(torch.jit.trace(Tiny(**options).eval(), torch.zeros(2, options.get('channels', 3), 16, 16)), str(path))
    return str(path)


def pictures(num: int, channels: int = 3, size: int = 16, seed: int = 0, shift: int = 0) -> torch.Tensor:
    """Random images uint8 with large blobs."""
    blocks = np.random.RandomState(seed).randint(0, 200, (num, channels, 2, 2))
    return torch.from_numpy((blocks.repeat(size // 2, 2).repeat(size // 2, 3) + shift).astype(np.uint8))
