"""A trained IB-GAN behind five calls."""
import copy
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from torch import Tensor
from torch.utils.data import default_collate

from ibgan_plugin.apis.images import ImageInput, list_images, load_image
from ibgan_plugin.config.load import read_config
from ibgan_plugin.config.zoo import weights_of
from ibgan_plugin.datasets.transforms.crop_resize import Crop
from ibgan_plugin.engine.load_model import load_model
from ibgan_plugin.models.base import LatentModel, device_of
from ibgan_plugin.registry import INFERENCERS, SCOPE
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.grids import to_pixels
from ibgan_plugin.visualization.traversal import Traversal, check_number, sample, traverse

#: An image, or a representation, floating point (r_dim,).
Point = ImageInput | Tensor


@INFERENCERS.register_module()
class IBGANInferencer(BaseInferencer):
    """Samples, traversals, representations, interpolations and swapped factors of a checkpoint.

    Pictures are returned as uint8 ... x S x S x 3 (RGB), representations r as float32. Everything random comes from the seed
    given. Calling the inferencer itself encodes images, as MMEngine's interface has it.

    Args:
        model: Config file, the name of a model of the zoo, a safetensors file, or a config with the key ``model``.
        weights: Checkpoint file of exactly this model: tensors and plain data, the names and shapes of all weights equal; None
            for those that come with the named model or the safetensors file.
        device: ``'cpu'``, ``'cuda'``, ...; None takes CUDA where it is available.
        crop: What to cut out of images to encode before they are resized: ``'none'`` (they must have the model's size),
            ``'square'``, ``'WxH'``, ``'WxH+LEFT+TOP'``, or one of CelebA's presets such as ``'celeba_148'``.
        scope: Default scope for types without a prefix.
        show_progress: Whether encoding shows a progress bar.

    Raises:
        IBGANError: If the config, the checkpoint, ``device`` or ``crop`` can not be used; one line that names what is wrong.

    >>> cfg = dict(model=dict(type='ibgan_plugin.VAE', encoder=dict(type='ibgan_plugin.ImageEncoder'),
    ...                       decoder=dict(type='ibgan_plugin.ImageDecoder'),
    ...                       data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5])))
    >>> from ibgan_plugin.registry import MODELS
    >>> torch.save(MODELS.build(cfg['model']).state_dict(), 'untrained.pth')
    >>> inferencer = IBGANInferencer(cfg, 'untrained.pth', device='cpu')
    >>> imgs = inferencer.sample(2, seed=0)
    >>> imgs.shape, inferencer.encode(list(imgs[..., :1])).shape, inferencer.traverse(steps=3).imgs.shape
    ((2, 64, 64, 3), (2, 10), (10, 3, 64, 64, 3))
    """

    def __init__(self, model: str | Path | Config | Mapping[str, Any], weights: str | Path | None = None,
                 device: str | None = None, crop: str = 'none', scope: str = SCOPE, show_progress: bool = False) -> None:
        Crop.parse(crop)
        if isinstance(model, (str, Path)):
            weights = weights_of(model, weights)
            model = read_config(model)
        elif not isinstance(model, Config):
            model = Config(copy.deepcopy(dict(model)))
        if weights is None:
            raise IBGANError('weights must name a checkpoint file where model is a config')
        self.crop, self.weights = crop, weights
        super().__init__(model, str(weights), device, scope, show_progress)

    def sample(self, num: int = 64, seed: int = 0) -> np.ndarray:
        """``num`` generated images, uint8 num x S x S x 3."""
        if num < 1:
            raise IBGANError(f'num must be at least 1, got {num}')
        return _to_array(sample(self.model, num, seed))

    def traverse(self, steps: int = 11, limit: float = 2.0, base: Point | None = None, seed: int = 0) -> Traversal:
        """Vary one dimension of r at a time from ``-limit`` to ``limit`` standard deviations of the prior, within its support.

        Args:
            steps: Images a row, at least 2.
            limit: End of the range.
            base: Image or representation whose other dimensions are kept; None for the prior's centre, 0 of N(0, I).
            seed: Of the estimate of each dimension's KL, by which the rows are ordered.

        Returns:
            ``imgs`` uint8 r_dim x steps x S x S x 3, and the dimension and KL (nats) of each row.
        """
        traversal = traverse(self.model, steps, limit, None if base is None else self._representation(base), seed)
        return traversal._replace(imgs=_to_array(traversal.imgs), center=_to_array(traversal.center))  # type: ignore[arg-type]

    def load(self, images: Sequence[ImageInput]) -> np.ndarray:
        """Images as the model sees them, uint8 N x S x S x 3: cut and resized as ``crop`` says."""
        pixels = np.stack([self.pipeline(image)['inputs'].numpy().transpose(1, 2, 0) for image in images])  # NxSxSxC
        return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:-1], 3)))

    @property
    def name(self) -> str:
        """What a picture is titled: the names of config and checkpoint."""
        config = Path(self.cfg.filename).stem if self.cfg.filename else ''
        return ', '.join(dict.fromkeys(filter(None, (config, Path(self.weights).stem))))

    def __repr__(self) -> str:
        channels, height, width = self.model.image_shape
        return (f'{type(self).__name__}({type(self.model).__name__} of {str(self.weights)!r}: r of {self.model.r_dim} dimensions, '
                f'images {channels} x {height} x {width}, on {device_of(self.model)})')

    def decode(self, r: Tensor | np.ndarray) -> np.ndarray:
        """The images of representations: N x r_dim, or (r_dim,) for one, to uint8 N x S x S x 3.

        Raises:
            IBGANError: If ``r`` is of another shape, no floating point, or not finite in float32.
        """
        r = torch.as_tensor(r)
        if r.shape == (self.model.r_dim, ):
            r = r[None]
        if r.ndim != 2 or r.shape[1] != self.model.r_dim or not r.is_floating_point():
            raise IBGANError(f'r must be floating point N x {self.model.r_dim}, got {r.dtype} of shape {tuple(r.shape)}')
        return self._decode(r.float())

    def encode(self, images: ImageInput | Sequence[ImageInput], batch_size: int = 64) -> np.ndarray:
        """Representations float32 N x r_dim of images.

        Args:
            images: One or several: files, a folder, arrays uint8 H x W x C, tensors uint8 C x H x W, or samples of a data set.
            batch_size: Images at once.
        """
        return np.stack(self(images, batch_size=batch_size)['predictions'])

    @torch.no_grad()
    def interpolate(self, first: Point, second: Point, steps: int = 11) -> np.ndarray:
        """Images uint8 steps x S x S x 3 on the straight line in r from one image or representation to another."""
        if steps < 2:
            raise IBGANError(f'steps must be at least 2, got {steps}')
        check_number(self.model, steps)
        weight = torch.linspace(0, 1, steps)[:, None]
        return self._decode(torch.lerp(self._representation(first), self._representation(second), weight))

    @torch.no_grad()
    def swap(self, first: Point, second: Point, dims: Sequence[int] | np.ndarray) -> np.ndarray:
        """Exchange the dimensions ``dims`` of r between two images or representations.

        Returns:
            uint8 2 x 2 x S x S x 3: the decoded pair as it is, and below it the pair with ``dims`` exchanged.
        """
        chosen = _numbers_of(dims, self.model.r_dim)
        pair = torch.stack([self._representation(first), self._representation(second)])  # 2 x r_dim
        swapped = pair.clone()
        swapped[:, chosen] = pair.flip(0)[:, chosen]
        imgs = self._decode(torch.cat([pair, swapped]))
        return imgs.reshape(2, 2, *imgs.shape[1:])

    def preprocess(self, inputs: list, batch_size: int = 1, **kwargs: Any) -> Iterator[Any]:
        """Batches of images; raises IBGANError if ``batch_size`` is below 1."""
        if batch_size < 1:
            raise IBGANError(f'batch_size must be at least 1, got {batch_size}')
        yield from super().preprocess(inputs, batch_size, **kwargs)

    def _inputs_to_list(self, inputs: Any) -> list[ImageInput]:
        """Images one by one; a folder gives the image files below it."""
        return list_images(inputs)

    def visualize(self, inputs: list, preds: Any, **kwargs: Any) -> list[np.ndarray]:
        """What the generator makes of each representation, uint8 S x S x 3."""
        return list(self._decode(torch.stack([sample.codes for sample in preds])))

    def postprocess(self, preds: Any, visualization: Any, return_datasamples: bool = False, **kwargs: Any) -> dict[str, list]:
        """``predictions``: representations (r_dim,) or, with ``return_datasamples``, samples; ``visualization``: as made above."""
        predictions = preds if return_datasamples else [sample.codes.cpu().numpy() for sample in preds]
        return dict(predictions=predictions, visualization=visualization)

    @torch.no_grad()
    def _decode(self, r: Tensor) -> np.ndarray:
        """Images uint8 N x S x S x 3 of representations N x r_dim."""
        return _to_array(self.model.decode(_finite(r)))

    def _representation(self, point: Point) -> Tensor:
        """(r_dim,) on the CPU of a representation or an image."""
        floating = isinstance(point, (Tensor, np.ndarray)) and torch.as_tensor(point).is_floating_point()
        r = torch.as_tensor(point if floating else self.encode([point])[0], dtype=torch.float32).cpu()  # type: ignore[list-item]
        if r.shape != (self.model.r_dim, ):
            raise IBGANError(f'a representation must have shape ({self.model.r_dim},), got {tuple(r.shape)}')
        return _finite(r)

    def _init_model(self, cfg: Any, weights: str | None, device: str = 'cpu') -> LatentModel:
        """Build, load strictly, and put on the device."""
        model = load_model(cfg, str(weights), self.scope)
        try:
            model = model.to(device)
        except (AssertionError, RuntimeError) as error:  # torch's kinds for unknown and for missing devices
            raise IBGANError(f'device {device!r} can not be used: {str(error).splitlines()[0]}') from error
        _check_images(model)
        return model

    def _init_pipeline(self, cfg: Any) -> Callable[[ImageInput], dict[str, Tensor]]:
        """Reads one image."""
        channels, size, _ = self.model.image_shape
        return lambda image: dict(inputs=load_image(image, channels, size, self.crop))

    def _init_collate(self, cfg: Any) -> Callable:
        """Images are of one size here: they are stacked."""
        return default_collate

    def _init_visualizer(self, cfg: Any) -> None:
        """Pictures are returned, not shown: no back end is needed."""


@torch.no_grad()
def _check_images(model: LatentModel) -> None:
    """Raise IBGANError unless a model's images are squares of the shape that it names: whatever shows them counts on that."""
    shape = tuple(model.image_shape)
    drawn = tuple(model.decode(torch.zeros(1, model.r_dim, device=device_of(model))).shape[1:])
    if drawn != shape:
        raise IBGANError(f'{type(model).__name__}.image_shape is {shape} (channels, height, width), but decode gives {drawn}')
    if len(shape) != 3 or shape[1] != shape[2]:
        raise IBGANError(f'{type(model).__name__} makes images of {shape} (channels, height, width): only squares are shown')


def read_representation(text: str) -> Tensor:
    """A representation (r_dim,) from a JSON list of numbers, as the explorer copies it.

    Raises:
        IBGANError: If it is none.
    """
    try:
        r = torch.tensor([float(value) for value in json.loads(text)])
        if not r.isfinite().all():
            raise ValueError('not finite')
        return r
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise IBGANError(f"a representation must be a list of numbers such as '[0.5, -1]', got {text[:80]!r}") from error


def _numbers_of(dims: Sequence[int] | np.ndarray, r_dim: int) -> list[int]:
    """``dims`` as whole numbers, if they are some of the dimensions of r."""
    try:
        chosen = [operator.index(dim) for dim in dims]
    except TypeError:
        chosen = []
    if not chosen or not all(0 <= dim < r_dim for dim in chosen):
        raise IBGANError(f'dims must name dimensions of r, 0 to {r_dim - 1}, got {chosen or dims!r}')
    return chosen


def _finite(r: Tensor) -> Tensor:
    """Representations float32, unless one is not finite."""
    if not r.isfinite().all():
        raise IBGANError('r must be finite in float32, but holds NaN or infinity')
    return r


def _to_array(imgs: Tensor) -> np.ndarray:
    """Pixels that the caller may write to."""
    return np.ascontiguousarray(to_pixels(imgs))
