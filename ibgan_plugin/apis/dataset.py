"""A config's data set as people look at it: images by number and, where the true factors are known, by factors."""
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from ibgan_plugin.datasets.ground_truth import grid_of
from ibgan_plugin.datasets.of_config import build_dataset
from ibgan_plugin.datasets.transforms.crop_resize import Crop, resize
from ibgan_plugin.evaluation.disentanglement.labelled import as_classes
from ibgan_plugin.evaluation.tracking import FactorInformation, factor_information
from ibgan_plugin.models.base import LatentModel, device_of, is_active
from ibgan_plugin.utils.errors import IBGANError

#: Images from which it is told which code follows which factor.
NUM_TRACKED = 2000
#: Images from which the KL of models whose posterior is that of images is measured.
NUM_KL_IMAGES = 512
#: Images encoded at once.
BATCH = 64
#: Loaders of a config whose data set is shown: the first there is.
_LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')


class ShownData:
    """A data set; where its ``metainfo`` describes a grid of factors, it renders images of chosen ones (``GroundTruth``)."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._meta = meta = getattr(dataset, 'metainfo', {})
        self.name = str(meta.get('dataset', type(dataset).__name__))
        self.grid = grid_of(meta)
        self.length = len(dataset)

    @classmethod
    def of(cls, config: Config) -> 'ShownData':
        """The data set of a config.

        Raises:
            IBGANError: If the config names none, or it can not be opened.
            OSError: If a file of it can not be read.
        """
        for name in _LOADERS:
            if config.get(name):
                return cls(build_dataset(config, name))
        raise IBGANError(f'the config has none of {", ".join(_LOADERS)}')

    def image(self, index: int) -> np.ndarray:
        """Image uint8 H x W x C with a number from 0 to ``length`` - 1."""
        return _pixels(self.dataset[index])

    def image_of(self, factors: Sequence[int]) -> np.ndarray:
        """Image uint8 H x W x C of a value of each factor.

        Raises:
            IBGANError: If the data set has no grid of factors, or a value lies outside.
        """
        if self.grid is None:
            raise IBGANError(f'{self.name} does not hold all the combinations of known factors')
        row = np.array([factors], dtype=np.int64).reshape(1, -1)
        self.grid.to_index(row)
        return self.dataset.render(row)[0].transpose(1, 2, 0)

    def factors_of(self, index: int) -> list[int] | None:
        """Values of the factors of an image; None where they are not known or the numbers are not those of the grid."""
        if self.grid is None or self.length != len(self.grid):
            return None
        return self.grid.to_factors(np.array([index]))[0].tolist()

    def sample(self, num: int, image_shape: Sequence[int], seed: int = 0) -> np.ndarray:
        """``num`` random images, or all where there are fewer, uint8 N x C x S x S as :func:`fit` makes them."""
        return np.stack([fit(_pixels(sample), image_shape) for sample in self._samples(num, seed)])

    def _samples(self, num: int, seed: int) -> Iterator[dict[str, Any]]:
        """``num`` random samples, or all where there are fewer, each read once."""
        chosen = np.random.default_rng(seed).choice(self.length, min(num, self.length), replace=False)
        return (self.dataset[index] for index in chosen.tolist())

    def information(self, model: LatentModel, num: int = NUM_TRACKED, seed: int = 0) -> FactorInformation | None:
        """What each code of a model in eval mode tells about each factor, of ``num`` random images; None without factors.

        Codes of inactive dimensions say nothing, however their noise is scaled: they count as constant.

        Raises:
            IBGANError: If the model can not encode.
        """
        if 'factor_names' not in self._meta:
            return None
        imgs, factors = (self._rendered if self.grid is not None else self._labelled)(num, model.image_shape, seed)
        kl = kl_of(model, imgs)
        active = np.array([True] * model.r_dim if kl is None else [is_active(value) for value in kl])
        return factor_information(encode_pixels(model, imgs) * active, factors, self._meta['factor_names'])

    def _rendered(self, num: int, image_shape: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, C, S, S] of random points of the grid, and their factors int64 [N, F]."""
        assert self.grid is not None
        factors = self.grid.sample_factors(num, np.random.default_rng(seed))
        imgs = [fit(image.transpose(1, 2, 0), image_shape)
                for rows in np.array_split(factors, max(1, num // BATCH)) for image in self.dataset.render(rows)]
        return np.stack(imgs), factors

    def _labelled(self, num: int, image_shape: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Random images of a set that is no grid, and their factors, continuous ones in bins."""
        imgs, numbers = zip(*((fit(_pixels(sample), image_shape), int(sample['data_samples']['sample_idx']))
                              for sample in self._samples(num, seed)), strict=True)
        continuous = np.array([kind == 'continuous' for kind in self._meta['factor_kinds']])
        return np.stack(imgs), as_classes(self.dataset.factors[list(numbers)], continuous)


def _pixels(sample: dict[str, Any]) -> np.ndarray:
    """Image uint8 H x W x C of a sample."""
    return sample['inputs'].numpy().transpose(1, 2, 0)


def followed_factors(config: Config, model: LatentModel) -> dict[int, str]:
    """The factor that each dimension of r follows, where it follows one, told from the config's data set.

    Raises:
        IBGANError: If its factors are not known, or the model can not encode.
    """
    data = ShownData.of(config)
    found = data.information(model)
    if found is None:
        raise IBGANError(f'the factors of {data.name} are not known')
    return found.named_codes()


@torch.no_grad()
def encode_pixels(model: LatentModel, imgs: np.ndarray) -> np.ndarray:
    """Codes float32 N x r_dim of pixels uint8 N x C x S x S, in batches.

    Raises:
        IBGANError: If the model can not encode.
    """
    batches = (imgs[start:start + BATCH] for start in range(0, len(imgs), BATCH))
    return torch.cat([model.encode(as_seen(model, batch)).cpu() for batch in batches]).numpy()


@torch.no_grad()
def kl_of(model: LatentModel, imgs: np.ndarray | None) -> list[float] | None:
    """Mean KL of each dimension of r in nats; images (pixels as above) are for models whose posterior is that of images."""
    kl = model.kl_per_dim(None if imgs is None else as_seen(model, imgs[:NUM_KL_IMAGES]))
    return None if kl is None else kl.tolist()


def as_seen(model: LatentModel, imgs: np.ndarray) -> Tensor:
    """Pixels uint8 N x C x S x S as the model takes images, in [-1, 1] on its device."""
    return model.real_images({'inputs': torch.from_numpy(imgs)}, training=False).to(device_of(model))


def fit(image: np.ndarray, image_shape: Sequence[int]) -> np.ndarray:
    """An image uint8 H x W x 1 or 3 as a model takes it, uint8 C x S x S: its middle square, resized."""
    channels, height, width = image_shape
    if image.shape[2] != channels:
        image = np.atleast_3d(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY if channels == 1 else cv2.COLOR_GRAY2RGB))
    square = Crop.parse('square')
    if image.shape[:2] != (height, width) and square is not None:
        image = np.atleast_3d(resize(np.ascontiguousarray(square(image)), width, height))
    return np.ascontiguousarray(image.transpose(2, 0, 1))
