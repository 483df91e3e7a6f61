"""Weights as a safetensors file: half precision where it holds them, with the config of the model in the metadata."""
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file, write_whole

SUFFIX = '.safetensors'
#: Key of the metadata that holds the config, as JSON.
CONFIG_KEY = 'config'
#: Rounding to half precision moves a normal number by less than this, relative to its size; smaller ones by less than TINY.
HALF_STEP, TINY = 2.0**-10, 1e-7


def to_half(weight: Any) -> Any:
    """A tensor in half precision, or as it is where that can not hold it: integers and huge values."""
    if not weight.is_floating_point():
        return weight
    half = weight.half()
    fits = (half.to(weight.dtype) - weight).abs() <= HALF_STEP * weight.abs() + TINY
    return half if fits.all() else weight.float()


def write_safetensors(path: str | Path, weights: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Write weights in half precision, whole or not at all.

    Args:
        path: File to write.
        weights: Names to tensors.
        config: Of the model, plain data; written as JSON.
    """
    from safetensors.torch import save
    tensors = {key: to_half(value.detach().cpu()).contiguous() for key, value in weights.items()}
    write_whole(path, save(tensors, {CONFIG_KEY: json.dumps(config)}))


def read_safetensors(path: str | Path) -> dict[str, Any]:
    """What :func:`write_safetensors` wrote: ``state_dict``, floating-point weights in float32, and ``config`` (None without one).

    Raises:
        IBGANError: If the file is missing, damaged, or its metadata is not as written here.
    """
    from safetensors import SafetensorError, safe_open
    check_regular_file(path, 'checkpoint file')
    try:
        with safe_open(str(path), 'pt') as file:
            metadata = file.metadata() or {}
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
        config = json.loads(metadata[CONFIG_KEY]) if CONFIG_KEY in metadata else None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise IBGANError(f'checkpoint {path} is truncated or no safetensors file: {error}') from error
    return dict(state_dict={key: value.float() if value.is_floating_point() else value for key, value in weights.items()},
                config=config)


def read_config_of(path: str | Path) -> dict[str, Any]:
    """The config in the metadata of a safetensors file.

    Raises:
        IBGANError: As :func:`read_safetensors`, and if the file has no config.
    """
    config = read_safetensors(path)['config']
    if not isinstance(config, dict):
        raise IBGANError(f'{path} holds no config of its model: name a config file too')
    return config
