"""Whole checkpoints of other implementations to ours and back, the weights unchanged."""
import zipfile
from pathlib import Path
from typing import Any

import torch

from ibgan_plugin.engine.checkpoints import CheckpointError, check_checkpoint, check_weights, load_plain
from ibgan_plugin.interop.converters.describe import check_published, describe
from ibgan_plugin.interop.converters.layouts import LAYOUTS, rename
from ibgan_plugin.models.networks.layers import LEAKY_SLOPE
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


def to_ours(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint of one of :data:`~ibgan_plugin.interop.converters.layouts.LAYOUTS`, whichever it is.

    Files of PyTorch before 1.6 are read too. Optimisers are not converted: their states belong to other groupings.

    Args:
        path: The file.

    Returns:
        A checkpoint (``state_dict``, ``meta``) and the ``model`` config that it fits exactly.

    Raises:
        CheckpointError: If the file is damaged, holds more than tensors and plain data, is of no known layout, or its networks are
            not the published ones.
    """
    if not Path(path).is_file():
        raise CheckpointError(f'no checkpoint file {str(path)!r}')
    if zipfile.is_zipfile(path):
        check_checkpoint(path)
    content = load_plain(path)
    if isinstance(content, dict) and 'state_dict' in content:
        raise CheckpointError(f'checkpoint {path} has a state_dict, as our own have: there is nothing to convert '
                              f'(from_ours.py goes the other way)')
    for name, layout in LAYOUTS.items():
        try:
            networks = layout.unpack(content)
        except (KeyError, TypeError):
            continue
        try:
            flat = {f'{network}.{key}': value for network, weights in networks.items() for key, value in weights.items()}
            weights = rename(flat, layout, to_ours=True)
            model = describe(weights, layout.pointwise_slope)
        except (ValueError, AttributeError) as error:
            raise CheckpointError(f'checkpoint {path} has the layout {name!r}, but not its networks: {error}') from error
        check_weights(path, weights, MODELS.build(model).state_dict())
        meta = dict(iter=content.get(layout.iteration, 0), converted_from=name)
        return dict(state_dict=weights, meta=meta), model
    raise CheckpointError(f'checkpoint {path} is of no known layout, {" or ".join(LAYOUTS)}: its keys are '
                          f'{sorted(map(str, content))[:8] if isinstance(content, dict) else type(content).__name__}')


def from_ours(path: str | Path, layout_name: str) -> dict[str, Any]:
    """One of our checkpoints as another implementation saves it, without optimisers and logs.

    Args:
        path: The file.
        layout_name: A key of :data:`~ibgan_plugin.interop.converters.layouts.LAYOUTS`.

    Returns:
        What to give to ``torch.save``. For ``published`` it holds all that its ``evaluator.py`` reads.

    Raises:
        IBGANError: If the layout is unknown.
        CheckpointError: If the file can not be used, or the other implementation has no such networks.
    """
    if layout_name not in LAYOUTS:
        raise IBGANError(f'layout must be one of {tuple(LAYOUTS)}, got {layout_name!r}')
    check_checkpoint(path)
    content = load_plain(path)
    weights = content.get('state_dict', content)
    layout = LAYOUTS[layout_name]
    try:
        model = describe(weights)
        check_published(model)
        flat = rename(weights, layout, to_ours=False)
    except ValueError as error:
        raise CheckpointError(f'checkpoint {path}: {error}') from error
    check_weights(path, weights, MODELS.build(model).state_dict())
    slope = layout.pointwise_slope(model['discriminator']['base_channels'])
    if slope != LEAKY_SLOPE and 'trunk' not in model and content.get('meta', {}).get('converted_from') != layout_name:
        raise CheckpointError(f'checkpoint {path}: {layout_name} has a slope of {slope:g} in its separate reconstructor, '
                              f'which would compute something else with these weights')
    sizes = dict(z_dim=model['encoder']['z_dim'], r_dim=model['encoder']['r_dim'], nc=model['generator']['out_channels'],
                 ngf=model['generator']['base_channels'], ndf=model['discriminator']['base_channels'])
    networks: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        network, _, rest = key.partition('.')
        networks.setdefault(network, {})[rest] = value.contiguous()
    return layout.pack(networks, sizes, content.get('meta', {}).get('iter', 0))
