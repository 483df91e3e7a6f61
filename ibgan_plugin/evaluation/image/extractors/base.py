"""What every feature extractor shares: the protocol, the checks and the preprocessing."""
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.utils.errors import IBGANError


class Extracted(NamedTuple):
    """What an extractor gives of a batch.

    Attributes:
        features: float32 [N, D].
        logits: Class scores float32 [N, K] before the softmax, None where the network is no classifier.
    """
    features: Tensor
    logits: Tensor | None = None


class ImageExtractor(nn.Module, ABC):
    """Images uint8 [N, C, H, W] in 0..255 to features, always in evaluation mode and without gradients.

    Args:
        channels: Channels the network takes, 1 or 3, None for any. Grey images are repeated for a network that takes 3.
        image_size: Side of the square the network takes; images of another size are resized, antialiased. None for any.

    Raises:
        IBGANError: If an argument is not one of these.
    """

    #: Whether distances between the features may be called FID and KID.
    is_inception = False

    def __init__(self, channels: int | None = 3, image_size: int | None = None) -> None:
        super().__init__()
        if channels not in (1, 3, None):
            raise IBGANError(f'channels must be 1, 3 or None, got {channels!r}')
        if image_size is not None and image_size < 1:
            raise IBGANError(f'image_size must be at least 1 pixel or None, got {image_size}')
        self.channels, self.image_size = channels, image_size

    @abstractmethod
    def extract(self, imgs: Tensor) -> Extracted:
        """Features of images float32 [N, C, H, W] in 0..255, of the channels and the size that the network takes."""

    @property
    @abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """All that the features depend on besides the images, as plain data: weights by their hash, and settings."""

    @torch.inference_mode()
    def forward(self, imgs: Tensor) -> Extracted:
        """Features of images uint8 [N, C, H, W].

        Raises:
            IBGANError: If the images are of another type or shape, have channels that the network does not take, or the
                network's output is not N rows of finite numbers.
        """
        features, logits = self.extract(self.prepare(imgs))
        features = features.flatten(1)
        for name, output in (('features', features), ('logits', logits)):
            if output is not None and (output.ndim != 2 or len(output) != len(imgs)):
                raise IBGANError(f'{type(self).__name__}: {name} must be one row for each of the {len(imgs)} images, '
                                 f'got shape {list(output.shape)}')
            if output is not None and not (finite := output.isfinite().all(dim=1)).all():
                raise IBGANError(f'{type(self).__name__}: {name} of image {int(finite.logical_not().nonzero()[0])} of the batch '
                                 'are not finite')
        return Extracted(features.float(), None if logits is None else logits.float())

    def prepare(self, imgs: Tensor) -> Tensor:
        """Checked images on the network's device, float32 in 0..255, with its channels and size."""
        if imgs.dtype != torch.uint8 or imgs.ndim != 4:
            raise IBGANError(f'images must be uint8 of shape [N, C, H, W], got {imgs.dtype} of shape {list(imgs.shape)}')
        imgs = imgs.to(self.device)
        if self.channels == 3 and imgs.shape[1] == 1:
            imgs = imgs.expand(-1, 3, -1, -1)
        if self.channels not in (None, imgs.shape[1]):
            raise IBGANError(f'{type(self).__name__} takes images with {self.channels} channels, got {imgs.shape[1]}')
        imgs = imgs.float()
        if self.image_size is not None and imgs.shape[2:] != (self.image_size, self.image_size):
            imgs = F.interpolate(imgs, size=(self.image_size, self.image_size), mode='bilinear', antialias=True)
        return imgs

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next((tensor.device for tensor in (*self.parameters(), *self.buffers())), torch.device('cpu'))

    def describe(self, path: Path, **settings: Any) -> dict[str, Any]:
        """A :attr:`fingerprint` of a network in one file."""
        return {'type': type(self).__name__, 'sha256': file_sha256(path), 'channels': self.channels,
                'image_size': self.image_size, **settings}


def check_file(path: str | Path, what: str, hint: str = '') -> Path:
    """``path`` if it is a file; IBGANError that says what is missing, with ``hint``, otherwise."""
    path = Path(path)
    if not path.is_file():
        raise IBGANError(f'{what}: there is no file {path}{hint}; nothing is downloaded, so put it there')
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


class Normalize(nn.Module):
    """``(imgs - mean) / std`` in units of 0..255, one number for all channels or one for each.

    Raises:
        IBGANError: If a standard deviation is not positive, or the numbers do not fit each other.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0) -> None:
        super().__init__()
        rows = [torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1) for values in (mean, std)]
        if not (rows[1] > 0).all() or len(rows[0]) != len(rows[1]) or len(rows[0]) not in (1, 3):
            raise IBGANError(f'mean and std must be one number or three each, std positive, got mean={mean!r}, std={std!r}')
        self.register_buffer('mean', rows[0], persistent=False)
        self.register_buffer('std', rows[1], persistent=False)

    def forward(self, imgs: Tensor) -> Tensor:
        """Images [N, C, H, W] in 0..255, normalised."""
        return (imgs - self.mean) / self.std

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers, for a fingerprint."""
        return {'mean': self.mean.flatten().tolist(), 'std': self.std.flatten().tolist()}
