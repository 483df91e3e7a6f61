"""The config of the networks that a set of weights belongs to."""
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ibgan_plugin.interop.converters.layouts import Weights
from ibgan_plugin.models.networks.layers import BOTTOM_SIZE, LEAKY_SLOPE, PIXEL_MULTIPLIER
from ibgan_plugin.utils.errors import IBGANError


def describe(weights: Weights, pointwise_slope: Callable[[int], float] = lambda base_channels: LEAKY_SLOPE) -> dict[str, Any]:
    """``model`` config whose networks have these weights, read off their shapes.

    Args:
        weights: State dict in our names.
        pointwise_slope: Of :class:`~ibgan_plugin.models.networks.reconstructor.Reconstructor`, for D's base channels: no
            shape tells it.

    Raises:
        IBGANError: If a network is missing.
    """
    encoder, project, decode = (_layers(weights, name) for name in ('encoder.net', 'generator.project', 'generator.decode'))
    trunk = 'trunk.layers' if any(key.startswith('trunk.') for key in weights) else None
    stem = _layers(weights, trunk or 'discriminator.stem')
    base, channels = stem[0].shape[:2]
    size = BOTTOM_SIZE * 2**len(stem)
    common = dict(in_channels=channels, base_channels=base, image_size=size)
    heads = {name: dict(**common, shared_trunk=trunk is not None, conv_multipliers=_multiples(weights, f'{name}.head', 3, base))
             for name in ('discriminator', 'reconstructor')}
    q = _layers(weights, 'reconstructor.head')
    pointwise = _multiples(weights, 'reconstructor.head', 1, base)[:-1]
    heads['reconstructor'].update(z_dim=len(q[-1]), pointwise_multipliers=pointwise)
    if pointwise and pointwise_slope(base) != LEAKY_SLOPE:
        heads['reconstructor']['pointwise_slope'] = pointwise_slope(base)
    return dict(
        type='ibgan_plugin.IBGAN',
        encoder=dict(type='ibgan_plugin.Encoder', z_dim=encoder[0].shape[1], r_dim=len(encoder[-1]) // 2,
                     hidden_dims=tuple(len(layer) for layer in encoder[:-1]),
                     norm=any(key.startswith('encoder.') and key.endswith('running_mean') for key in weights)),
        generator=dict(type='ibgan_plugin.Generator', r_dim=project[0].shape[1], out_channels=decode[-1].shape[1],
                       base_channels=len(project[0]) // PIXEL_MULTIPLIER, image_size=size),
        **({} if trunk is None else dict(trunk=dict(type='ibgan_plugin.Trunk', **common))),
        discriminator=dict(type='ibgan_plugin.Discriminator', **heads['discriminator']),
        reconstructor=dict(type='ibgan_plugin.Reconstructor', **heads['reconstructor']),
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))


def check_published(model: dict[str, Any]) -> None:
    """Raise IBGANError unless a model as :func:`describe` gives it has the layers that other implementations write down.

    Numbers of channels and the widths of z and r are free; their images are 64 pixels wide.
    """
    convs, pointwise = ((4, 4), ()) if 'trunk' in model else ((8, ), (PIXEL_MULTIPLIER, ))
    layers: dict[str, dict[str, Any]] = dict(
        generator=dict(image_size=64), discriminator=dict(conv_multipliers=convs),
        reconstructor=dict(conv_multipliers=convs, pointwise_multipliers=pointwise))
    for name, fields in layers.items():
        for field, value in fields.items():
            if model[name][field] != value:
                raise IBGANError(f'model.{name}.{field} = {model[name][field]}, but the published networks have {value}')
    encoder = model['encoder']['hidden_dims'], model['encoder']['norm']
    if encoder not in (((32, 32), False), ((64, 64, 32), True)):
        raise IBGANError(f'model.encoder.hidden_dims, norm = {encoder}, but the published networks have ((32, 32), False) or '
                         f'((64, 64, 32), True)')


def _layers(weights: Weights, module: str) -> list[Tensor]:
    """Weights of the linear layers or convolutions of a Sequential, in order."""
    found = {int(key.split('.')[-2]): value for key, value in weights.items()
             if key.startswith(f'{module}.') and key.endswith('.weight') and value.ndim > 1}
    if not found:
        raise IBGANError(f'the checkpoint lacks the weights of {module}')
    return [found[index] for index in sorted(found)]


def _multiples(weights: Weights, module: str, kernel: int, base: int) -> tuple[int, ...]:
    """Widths, in multiples of ``base``, of the convolutions with that kernel."""
    return tuple(len(layer) // base for layer in _layers(weights, module) if layer.shape[2] == kernel)
