"""Whether a config's model and batch can be in memory at all, found out without using any."""
import os

import torch
from mmengine.config import Config

from ibgan_plugin.config.check import build_on_meta, part_mistakes
from ibgan_plugin.config.errors import ConfigError
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.utils.control_groups import memory_limit

#: Copies of each weight in a training: itself, its gradient, and up to two states of the optimiser.
COPIES = 4
#: Least number of values that a step keeps for each value of an image: real, fake, their noise, the first layers' outputs.
VALUES_PER_PIXEL = 20
_BYTES = 4


def check_size(cfg: Config, batch_size: int = 1) -> None:
    """Build the model of a config without memory, and see whether it and a batch of images fit into this machine's.

    Raises:
        ConfigError: If the model can not be built, or is too large; names the file and the keys.
    """
    try:
        model = build_on_meta(cfg, cfg.model)
    except ConfigError as error:
        raise ConfigError(part_mistakes(cfg) or error.lines) from error
    if model is None:
        return
    where, available = cfg.filename or 'config', available_memory()
    if empty := [name for name, parameter in model.named_parameters() if not parameter.numel()]:
        raise ConfigError(f'{where}: model.{empty[0]} would have no values: base_channels, z_dim, r_dim, hidden_dims and '
                          'image_size must be at least 1')
    weights = COPIES * _BYTES * sum(parameter.numel() for parameter in model.parameters())
    if weights > available:
        raise ConfigError(f'{where}: training model needs {weights / 2**30:,.0f} GiB for its weights alone, but this machine has '
                          f'{available / 2**30:,.0f} GiB: lower base_channels, hidden_dims or image_size')
    if isinstance(model, LatentModel):
        images = VALUES_PER_PIXEL * _BYTES * batch_size * torch.Size(model.image_shape).numel()
        if images > available:
            shape = 'x'.join(map(str, model.image_shape))
            raise ConfigError(f'{where}: a batch of {batch_size:,} images of {shape} (train_dataloader.batch_size) needs '
                              f'{images / 2**30:,.0f} GiB or more, but this machine has {available / 2**30:,.0f} GiB')


def available_memory() -> int:
    """Bytes of memory of this machine or of its largest CUDA device, whichever has more; what a container may use of it."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') if hasattr(os, 'sysconf') else 1 << 62
    memory = min(memory, memory_limit() or memory)
    devices = [torch.cuda.get_device_properties(i).total_memory for i in range(torch.cuda.device_count())]
    return max([memory, *devices])
