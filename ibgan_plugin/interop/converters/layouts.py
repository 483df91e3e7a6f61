"""How other implementations name the weights of the published networks.

All of them are ``nn.Sequential`` of the same layers in the same order as ours, so only the names differ: a module and a number.
"""
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from ibgan_plugin.models.networks.layers import LEAKY_SLOPE, PIXEL_MULTIPLIER
from ibgan_plugin.utils.errors import IBGANError

#: Modules of the three stride-2 convolutions at 64x64: two, and twice three with BatchNorm. There others' heads begin.
STEM_MODULES = 8

Weights = Mapping[str, Tensor]


class Layout(NamedTuple):
    """Names of an implementation's modules, and where its checkpoints keep their weights."""
    encoder: str
    project: str  # the generator's linear layers
    decode: str  # its convolutions
    trunk: str
    reconstructor: str
    discriminator: str
    unpack: Callable[[dict], dict[str, dict[str, Tensor]]]  # a checkpoint to its networks; KeyError where it is another's
    pack: Callable[[dict[str, dict[str, Tensor]], dict[str, int], int], dict[str, Any]]  # and back, with sizes and iteration
    iteration: str  # key of the iteration in a checkpoint
    pointwise_slope: Callable[[int], float]  # of the LeakyReLU behind q's own 1x1 convolution, for D's base channels


#: ``published`` is github.com/insujeon/IB-GAN (model.py and model2.py), ``han_oqo`` is github.com/HAN-oQo/IB-GAN, whose separate
#: reconstructor passes a number of channels where the slope of a LeakyReLU belongs.
LAYOUTS = dict(
    published=Layout(
        encoder='G.emb', project='G.fe', decode='G.conv', trunk='DR.front', reconstructor='DR.encoder', discriminator='DR.disc',
        unpack=lambda checkpoint: {name: checkpoint['model_states'][name] for name in ('G', 'DR')},
        pack=lambda networks, sizes, iteration: dict(
            iter=iteration, z_dim=sizes['z_dim'], r_dim=sizes['r_dim'],
            model_states=dict(**{key: sizes[key] for key in ('nc', 'ngf', 'ndf')}, **networks)),
        iteration='iter', pointwise_slope=lambda ndf: LEAKY_SLOPE),
    han_oqo=Layout(
        encoder='G.r', project='G.r_to_g', decode='G.g', trunk='D.FE', reconstructor='D.q', discriminator='D.d',
        unpack=lambda checkpoint: {name: checkpoint[name] for name in ('G', 'D')},
        pack=lambda networks, sizes, iteration: dict(iters=iteration, **networks),
        iteration='iters', pointwise_slope=lambda ndf: float(PIXEL_MULTIPLIER * ndf)),
)


class Block(NamedTuple):
    """``{ours}.{i}`` is ``{theirs}.{i + first}``."""
    ours: str
    theirs: str
    first: int


def blocks(layout: Layout, shared_trunk: bool) -> list[Block]:
    """The pairs of names for one of the two families of networks."""
    pairs = [Block('encoder.net', layout.encoder, 0), Block('generator.project', layout.project, 0),
             Block('generator.decode', layout.decode, 0)]
    readers = (('reconstructor', layout.reconstructor), ('discriminator', layout.discriminator))
    if shared_trunk:
        return [*pairs, Block('trunk.layers', layout.trunk, 0), *(Block(f'{ours}.head', theirs, 0) for ours, theirs in readers)]
    for ours, theirs in readers:
        pairs += [Block(f'{ours}.head', theirs, STEM_MODULES), Block(f'{ours}.stem', theirs, 0)]
    return pairs


def rename(weights: Weights, layout: Layout, to_ours: bool) -> dict[str, Tensor]:
    """``weights`` under their names in the other implementation.

    Raises:
        IBGANError: Names the first weight that has no counterpart.
    """
    shared = any(key.startswith('trunk.' if not to_ours else f'{layout.trunk}.') for key in weights)
    pairs = [(b.theirs, b.first, b.ours, 0) if to_ours else (b.ours, 0, b.theirs, b.first) for b in blocks(layout, shared)]
    return {_rename(key, pairs): value for key, value in weights.items()}


def _rename(key: str, pairs: list[tuple[str, int, str, int]]) -> str:
    for source, start, target, first in pairs:  # of two blocks of one module, the later comes first
        head, _, rest = key.removeprefix(f'{source}.').partition('.')
        if key.startswith(f'{source}.') and head.isdigit() and int(head) >= start:
            return f'{target}.{int(head) - start + first}.{rest}'
    raise IBGANError(f'the weight {key!r} has no counterpart in the published networks')
