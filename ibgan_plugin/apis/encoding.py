"""The representations of a config's data set, in a file that the tools of evaluation read."""
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from ibgan_plugin.apis.inferencer import IBGANInferencer
from ibgan_plugin.apis.output import write_codes
from ibgan_plugin.datasets.of_config import build_dataset
from ibgan_plugin.evaluation.code_files import save_codes
from ibgan_plugin.evaluation.disentanglement.labelled import source_of
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.utils.errors import IBGANError


def encode_split(inferencer: IBGANInferencer, split: str, path: str | Path, num: int | None = None, batch_size: int = 64) -> None:
    """Write the codes of the data set of a config, see :func:`encode_dataset`.

    Args:
        inferencer: The model, built from a config file that names data.
        split: ``'train'``, ``'val'`` or ``'test'``: whose loader's data set.
        path, num, batch_size: As for :func:`encode_dataset`.

    Raises:
        IBGANError: If the config has no such loader, or as :func:`encode_dataset`.
    """
    encode_dataset(inferencer.model, build_dataset(inferencer.cfg, f'{split}_dataloader'), path, num, batch_size)


def encode_dataset(model: LatentModel, dataset: Any, path: str | Path, num: int | None = None, batch_size: int = 64) -> None:
    """Write the codes of a data set: with its true factors, or without them where it has none.

    Args:
        model: In eval mode.
        dataset: Gives images uint8 C x S x S in ``inputs``, and their numbers.
        path: ``.npz`` as :func:`~ibgan_plugin.evaluation.code_files.load_codes` reads it, or ``.csv`` with a row an image.
        num: Number of its images, drawn at random, the same every time; None for all.
        batch_size: Images at once.

    Raises:
        IBGANError: If a number is below 1, the images have another shape than the model's, or it can not encode.
    """
    for name, number in (('batch_size', batch_size), ('num', 1 if num is None else num)):
        if number < 1:
            raise IBGANError(f'{name} must be at least 1, got {number}')
    rows = np.arange(len(dataset))
    if num is not None and num > len(rows):
        warnings.warn(f'the data set has {len(rows):,} images, fewer than {num:,}: all are encoded')
    if num is not None and num < len(rows):
        rows = np.sort(np.random.RandomState(0).permutation(len(rows))[:num])
    codes, numbers = _encode(model, dataset, rows, batch_size)
    meta = getattr(dataset, 'metainfo', {})
    if Path(path).suffix == '.csv' or 'factor_names' not in meta:
        write_codes(path, [str(number) for number in numbers], codes)
    else:
        save_codes(path, source_of(meta, numbers, codes, getattr(dataset, 'factors', None)))


@torch.inference_mode()
def _encode(model: LatentModel, dataset: Any, rows: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes float32 [N, r_dim] of the images of these numbers, and their own numbers, which a part of a data set keeps."""
    codes, numbers = [], []
    loader = DataLoader(dataset, batch_size, sampler=rows.tolist(), collate_fn=list)
    for samples in tqdm(loader, desc='encode', unit='batch', leave=False):
        imgs = torch.stack([sample['inputs'] for sample in samples])  # N x C x S x S
        if imgs.shape[1:] != tuple(model.image_shape):
            raise IBGANError(f'images of the data set have shape {list(imgs.shape[1:])}, the model takes {list(model.image_shape)}')
        codes.append(model.encode(model.real_images({'inputs': imgs}, training=False)).float().cpu().numpy())
        numbers += [int(sample['data_samples']['sample_idx']) for sample in samples]
    return np.concatenate(codes), np.array(numbers)
