"""Parameters and floating-point operations of the components and of one training step, counted by fvcore."""
import logging
from typing import Any, NamedTuple

import torch
from fvcore.nn import FlopCountAnalysis
from torch import Tensor, nn

from ibgan_plugin.models import IBGAN
from ibgan_plugin.registry import MODELS


class Cost(NamedTuple):
    """Cost of a component for a whole batch."""
    parameters: int
    flops: int  # of a forward pass, or of the whole step; a multiply-add counts as two


def component_costs(model_cfg: dict[str, Any], batch_size: int = 1) -> dict[str, Cost]:
    """Costs of each network, and of one training step as ``'training step'``.

    The step counts what some optimiser or gradient needs, a pass being as long as the forward one: forward, gradient of the
    input and gradient of the weights once each for the encoder, the generator and q; for D twice each on real and fake, and in
    the generator's step forward and gradient of the input. A shared trunk counts like the D that owns it, or, owned by the
    generator's step, forward three times and both gradients once. Owned by both, q too is run in both steps. Optimisers,
    activations and losses are left out.

    Args:
        model_cfg: Config of an :class:`~ibgan_plugin.models.ibgan.IBGAN`.
        batch_size: Images a pass.
    """
    model: IBGAN = MODELS.build(model_cfg).eval()
    z = torch.zeros(batch_size, model.z_dim)
    r = torch.zeros(batch_size, model.r_dim)
    with torch.no_grad():
        imgs = model.generate(r=r)
        features = imgs if model.trunk is None else model.trunk(imgs)
    inputs = dict(encoder=z, generator=r, trunk=imgs, discriminator=features, reconstructor=features)
    costs = {name: _cost(getattr(model, name), value) for name, value in inputs.items() if getattr(model, name) is not None}
    passes = dict(encoder=3, generator=3, reconstructor=5 if model.trunk_owner == 'both' else 3, discriminator=8,
                  trunk=5 if model.trunk_owner == 'generator' else 8)
    step = sum(passes[name] * cost.flops for name, cost in costs.items())
    costs['training step'] = Cost(sum(cost.parameters for cost in costs.values()), step)
    return costs


def _cost(module: nn.Module, inputs: Tensor) -> Cost:
    """fvcore counts multiply-adds of convolutions and matrix products, and normalisations."""
    logging.getLogger('fvcore').setLevel(logging.ERROR)
    multiply_adds = FlopCountAnalysis(module, inputs).unsupported_ops_warnings(False).total()
    return Cost(sum(p.numel() for p in module.parameters()), 2 * int(multiply_adds))


def format_costs(costs: dict[str, Cost]) -> str:
    """A table, one line a component."""
    lines = [f'{"component":15} {"parameters":>12} {"GFLOP":>10}']
    lines += [f'{name:15} {cost.parameters:12,} {cost.flops / 1e9:10.4f}' for name, cost in costs.items()]
    return '\n'.join(lines)
