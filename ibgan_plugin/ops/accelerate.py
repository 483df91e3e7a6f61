"""Fast twins in the place of torch's layers."""
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ibgan_plugin.ops.biased_conv import BiasedConvTranspose2d
from ibgan_plugin.ops.thin_conv import ImageConv2d, ImageConvTranspose2d
from ibgan_plugin.ops.window_conv import WindowConv2d
from ibgan_plugin.ops.winograd import WinogradConv2d, WinogradConvTranspose2d

ModuleT = TypeVar('ModuleT', bound=nn.Module)

#: Plain layers and their twins: subclasses that differ in ``forward`` alone, and there in nothing but speed. ``fits(layer)`` says
#: whether a plain layer has the sizes that the twin is made for.
TWINS = {nn.Conv2d: (ImageConv2d, WinogradConv2d, WindowConv2d),
         nn.ConvTranspose2d: (ImageConvTranspose2d, WinogradConvTranspose2d, BiasedConvTranspose2d)}


def accelerate(model: ModuleT) -> ModuleT:
    """Put fast twins in the place of a model's convolutions, and their weights in channels-last order.

    The model stays as it is but for speed: each layer keeps its parameters, buffers, hooks and parametrisations (spectral norm,
    say), so ``state_dict``, optimisers and copies of the weights are those of before. It is the layer's class that changes.
    Any package's model may be given; layers with a ``forward`` of their own are left alone. Doing it again changes nothing.

    Args:
        model: Changed in place.

    Returns:
        The model.

    >>> network = nn.Sequential(nn.Conv2d(1, 16, 4, stride=2, padding=1))
    >>> weights = network.state_dict()
    >>> type(accelerate(network)[0]).__name__, network.state_dict().keys() == weights.keys()
    ('ImageConv2d', True)
    """
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            _swap(layer)
    return model


def _swap(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Make ``layer`` its twin, if it is a plain layer, parametrised or not, and has one."""
    cls, parametrized = type(layer), is_parametrized(layer)
    twins = TWINS.get(cls.__bases__[0] if parametrized else cls, ())
    twin = next((twin for twin in twins if twin.fits(layer)), None)  # type: ignore[attr-defined,arg-type]
    if twin is not None:
        # torch makes each parametrised layer a class of its own above the plain one: here it stands above the twin
        layer.__class__ = type(cls.__name__, (twin, ), dict(vars(cls))) if parametrized else twin
