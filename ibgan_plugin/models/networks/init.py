"""Orthogonal initialisation, which MMEngine does not have."""
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model.weight_init import BaseInit, update_init_info
from torch import nn

from ibgan_plugin.registry import WEIGHT_INITIALIZERS


@WEIGHT_INITIALIZERS.register_module()
class OrthogonalInit(BaseInit):
    """Orthogonal weights and constant biases (Saxe et al., 2014), the published choice for CelebA and 3D Chairs.

    Args:
        gain: Factor on the orthogonal matrix.
        layer: Names of the layer classes to initialise; direct subclasses of them are included.
        bias: Value of the biases.
    """

    def __init__(self, gain: float = 1.0, layer: Sequence[str] = ('Linear', 'Conv2d', 'ConvTranspose2d'), bias: float = 0.) -> None:
        super().__init__(layer=list(layer), bias=bias)
        self.gain = gain

    def __call__(self, module: nn.Module) -> None:
        """Initialise the matching layers of ``module``, itself included."""
        layer: Any
        for layer in module.modules():
            names = {type(layer).__name__, *(base.__name__ for base in type(layer).__bases__)}
            if names & set(self.layer):
                # Of a contiguous copy: torch's orthogonal_ can not fill a channels-last tensor.
                layer.weight.data.copy_(nn.init.orthogonal_(torch.empty(layer.weight.shape), self.gain))
                if layer.bias is not None:
                    nn.init.constant_(layer.bias, self.bias)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=f'OrthogonalInit: gain={self.gain}, bias={self.bias}')
