"""A picture of what the network sees of a data set."""
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch.utils.data import Dataset

from ibgan_plugin.datasets.collate import batched_collate
from ibgan_plugin.datasets.of_config import build_dataset
from ibgan_plugin.datasets.resumable_sampler import EpochIndex
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.grids import image_grid

#: Samples of the largest picture.
MAX_COUNT = 4096
DEFAULT_PREPROCESSOR = {'type': 'ImgDataPreprocessor', 'mean': [127.5], 'std': [127.5]}


def contact_sheet(config: Config, split: str = 'train', count: int = 64, columns: int = 8, seed: int = 0) -> np.ndarray:
    """Randomly chosen samples after the transforms of the data set and the model's data preprocessor.

    Args:
        config: With ``{split}_dataloader.dataset`` and, optionally, ``model.data_preprocessor``; without the latter, 0..255 is
            taken to [-1, 1].
        split: ``'train'``, ``'val'`` or ``'test'``.
        count: Number of samples, from 1 to 4,096, fewer where there are fewer; chosen without repetition.
        columns: Samples a row.
        seed: Of the choice, 0 or more.

    Returns:
        uint8 [H, W, 3] (red, green, blue).

    Raises:
        IBGANError: If the config has no such data, or it can not be built, ``count`` or ``seed`` is out of range, or the images
            differ in size.
    """
    if not 1 <= count <= MAX_COUNT:
        raise IBGANError(f'count must be at least 1 and at most {MAX_COUNT:,}, got {count}')
    if seed < 0:
        raise IBGANError(f'seed must be at least 0, got {seed}')
    with DefaultScope.overwrite_default_scope(config.get('default_scope') or 'ibgan_plugin'):
        return _draw(config, build_dataset(config, f'{split}_dataloader'), count, columns, seed)


def _draw(config: Config, data: Dataset, count: int, columns: int, seed: int) -> np.ndarray:
    total = len(data)  # type: ignore[arg-type]
    chosen = np.random.default_rng(seed).choice(total, min(count, total), replace=False)
    indices = [EpochIndex(index, 0) for index in chosen.tolist()]
    samples = data.__getitems__(indices) if hasattr(data, '__getitems__') else [data[index] for index in indices]
    sizes = {tuple(sample['inputs'].shape) for sample in samples}
    if len(sizes) > 1:
        raise IBGANError(f'the images differ in size ({sorted(sizes)[0]}, {sorted(sizes)[-1]}): add CropResize to the pipeline')
    preprocessor = config.get('model', {}).get('data_preprocessor') or DEFAULT_PREPROCESSOR
    with torch.no_grad():
        seen = MODELS.build(preprocessor)(batched_collate(samples), False)['inputs']
    return image_grid(seen, columns)
