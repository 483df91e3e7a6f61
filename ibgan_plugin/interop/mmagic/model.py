"""IB-GAN for mmagic's loops, hooks and metrics; and mmagic's GANs for ours."""
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.models.ibgan import IBGAN
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


def swap_colors(imgs: Tensor) -> Tensor:
    """``imgs`` [..., C, H, W] from RGB to BGR, or back; grey ones as they are."""
    return imgs.flip(-3) if imgs.shape[-3] == 3 else imgs


def rows_of(data_samples: Any) -> list[BaseDataElement]:
    """The samples of a batch: a list of them, or mmagic's stack of them, taken apart. Empty where there are none."""
    if data_samples is None or isinstance(data_samples, Mapping):
        return []
    return data_samples.split(allow_nonseq_value=True) if hasattr(data_samples, 'split') else list(data_samples)


@MODELS.register_module()
class MMagicIBGAN(IBGAN):
    """:class:`~ibgan_plugin.models.ibgan.IBGAN` that reads mmagic's batches and answers its requests. Needs mmagic.

    Images are answered as mmagic's ``DataSample`` with ``fake_img`` in 0..255, colours in its order, BGR. Weights, training and
    all else are those of ``IBGAN``, and so are the arguments.
    """

    def real_images(self, data: dict, training: bool = True) -> Tensor:
        """``inputs``, or ``gt_img`` of the samples, which is where mmagic's data sets put the images."""
        batch = self.data_preprocessor(data, training)
        return batch['inputs'] if isinstance(batch['inputs'], Tensor) else batch['data_samples'].gt_img

    def val_step(self, data: Any) -> list:
        """Predictions for a batch of images; or, where ``inputs`` is a mapping, for a request as :meth:`forward` takes it."""
        is_request = isinstance(data, Mapping) and isinstance(data['inputs'], Mapping)
        if is_request and not hasattr(self.data_preprocessor, 'destruct'):  # mmagic's reads requests, MMEngine's images only
            return self(**data, mode='predict')
        return super().val_step(data)

    test_step = val_step

    def forward(self, inputs: Tensor | Mapping[str, Any], data_samples: Any = None, mode: str = 'tensor') -> Any:
        """As ``IBGAN``; a request for images may be one of mmagic's.

        Args:
            inputs: Images, or a request: ``noise``, ``r``, ``num_batches``, ``sample_model='orig'``, empty ``sample_kwargs``.
                Where neither noise nor a number is given, there are as many images as ``data_samples``.
            data_samples: For a request, optionally samples with real images, whose fields are passed on.
            mode: See ``IBGAN``; ``'predict'`` answers a request with a list of mmagic's ``DataSample``.

        Raises:
            IBGANError: If the request names weights that the model does not hold, or anything unknown.
        """
        if not isinstance(inputs, Mapping):
            return super().forward(inputs, data_samples, mode)
        rows = rows_of(data_samples)
        imgs = super().forward(_own_request(inputs, len(rows) or 1), mode='tensor')
        return self._answer(imgs, rows) if mode == 'predict' else imgs

    def _answer(self, imgs: Tensor, rows: list[BaseDataElement]) -> list[BaseDataElement]:
        """mmagic's samples of images N x C x S x S in [-1, 1], with the fields of ``rows``, if there are any."""
        from mmagic.structures import DataSample
        if hasattr(self.data_preprocessor, 'destruct'):  # mmagic's undoes what it did
            imgs = self.data_preprocessor.destruct(imgs)
        else:
            imgs = swap_colors((imgs + 1) * 127.5)
        samples = []
        for img, row in zip(imgs, rows or [BaseDataElement()] * len(imgs), strict=True):
            sample = DataSample()
            sample.update(row)
            sample.set_field(img, 'fake_img')
            samples.append(sample)
        return samples


def _own_request(request: Mapping[str, Any], num: int) -> dict[str, Any]:
    """A request of mmagic's as ``IBGAN`` takes it, ``num`` images where it does not say."""
    if request.get('sample_model') not in (None, 'orig'):
        raise IBGANError(f"sample_model must be 'orig', got {request['sample_model']!r}: this model holds one set of weights, "
                         f'which EMAHook replaces by their average for validation')
    if request.get('sample_kwargs'):
        raise IBGANError(f'sample_kwargs must be empty, got {", ".join(sorted(request["sample_kwargs"]))}')
    known = {key: value for key, value in request.items() if key not in ('sample_model', 'sample_kwargs')}
    return {'num_batches': num, **known}


class MMagicGAN(LatentModel):
    """A view of one of mmagic's GANs as a :class:`~ibgan_plugin.models.base.LatentModel` whose r is the noise; it can not encode.

    Args:
        gan: The model; its average is read where it holds one, as mmagic does.
    """

    def __init__(self, gan: Any) -> None:
        super().__init__()
        self.gan = gan
        generator = gan.generator_ema if gan.with_ema_gen else gan.generator
        self.generator: nn.Module = unwrap(generator)
        self.r_dim = gan.noise_size
        with torch.no_grad(), evaluating(self.generator):
            _, channels, height, width = self.decode(torch.zeros(1, self.r_dim)).shape
        self.image_shape = channels, height, width

    def encode(self, imgs: Tensor) -> Tensor:
        """Raise: there is no encoder."""
        raise IBGANError(f'{type(self.gan).__name__} of mmagic can not encode images')

    def decode(self, r: Tensor) -> Tensor:
        """Images N x C x S x S in [-1, 1], RGB, of noise N x r_dim."""
        preprocessor = self.gan.data_preprocessor
        imgs = self.generator(r.to(next(self.gan.parameters()).device), return_noise=False)
        return swap_colors(preprocessor.destruct(imgs)) / 127.5 - 1
