"""What a run checks before its first iteration, so that nothing is found wrong hours later."""
import hashlib
import warnings
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size
from torch import Tensor
from torch.utils.data import DataLoader

from ibgan_plugin.datasets.resumable_sampler import EpochIndex
from ibgan_plugin.registry import DATASETS
from ibgan_plugin.utils.distributed import on_all_processes
from ibgan_plugin.utils.errors import IBGANError


def check_first_image(loader: str, dataset: Any, image_shape: tuple[int, int, int]) -> None:
    """Raise IBGANError unless a data set's first image is as the model takes it; names the loader.

    Samples of other packages, whose ``inputs`` are no tensor, are not looked at.
    """
    try:
        inputs = dataset[EpochIndex(0, 0)]['inputs']
    except (IBGANError, OSError) as error:
        raise IBGANError(f'{loader}: {error}') from error
    except (KeyError, TypeError):
        return
    if isinstance(inputs, Tensor) and tuple(inputs.shape) != tuple(image_shape):
        raise IBGANError(f'{loader}: {type(dataset).__name__} gives images of shape {tuple(inputs.shape)} (channels, height, '
                         f'width), but the model takes {tuple(image_shape)}: change the pipeline, or in_channels and image_size of '
                         f'the model')


def check_test_image(cfg: Config, image_shape: tuple[int, int, int]) -> None:
    """As :func:`check_first_image` for the images that only ``tools/test.py`` will read; where they are missing, warn."""
    dataset_cfg = (cfg.get('test_dataloader') or {}).get('dataset')
    if not isinstance(dataset_cfg, dict):
        return
    try:
        dataset = DATASETS.build(dataset_cfg)
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
    except (IBGANError, OSError) as error:
        warnings.warn(f'test_dataloader: {error}; training goes on, testing will fail')
        return
    check_first_image('test_dataloader', dataset, image_shape)


def check_ranks_agree(cfg: Config, loaders: dict[str, DataLoader]) -> None:
    """Raise IBGANError on every process unless all have the same config and the same data sets.

    Data sets are compared by their number of images, and by ``fingerprint`` where they have one.
    """
    if get_world_size() == 1:
        return

    def own() -> dict[str, Any]:
        datasets: dict[str, Any] = {key: loader.dataset for key, loader in loaders.items()}
        digests = {key: (len(dataset), getattr(dataset, 'fingerprint', None)) for key, dataset in datasets.items()}
        return {'config': hashlib.sha256(cfg.pretty_text.encode()).hexdigest(), **digests}

    ranks = on_all_processes(own)
    for rank, other in enumerate(ranks):
        for key, value in other.items():
            if value != ranks[0][key]:
                what = 'config' if key == 'config' else f'data set in {key} ({value[0]:,} images, {ranks[0][key][0]:,} on rank 0)'
                raise IBGANError(f'rank {rank} has another {what} than rank 0: each process must be started with the same')
