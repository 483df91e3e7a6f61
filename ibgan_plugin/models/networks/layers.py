"""Building blocks shared by the networks, and the published initialisation."""
from collections.abc import Sequence
from math import log2

from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.utils.errors import IBGANError

#: Side of the smallest feature map, common to all four networks.
BOTTOM_SIZE = 8
#: The same of the small networks.
SMALL_BOTTOM_SIZE = 4
#: Width, in multiples of c, of the layers whose map is one pixel: the generator's first, and those from the 8x8 convolution on.
PIXEL_MULTIPLIER = 16
#: Slope of every LeakyReLU, in the discriminator, the reconstructor and the networks of other methods.
LEAKY_SLOPE = 0.2
#: Largest width of a layer and side of an image that a config may ask for.
MAX_WIDTH, MAX_SIZE = 2**16, 4096

#: Published initialisation for dSprites: N(0, 0.02) weights, zero biases; BatchNorm keeps weight 1, bias 0.
NORMAL_INIT = dict(type='Normal', layer=['Linear', 'Conv2d', 'ConvTranspose2d'], std=0.02)


def num_stages(image_size: int) -> int:
    """Number of stride-2 stages between ``image_size`` and the 8x8 bottom.

    Raises:
        IBGANError: If ``image_size`` is not a power of two from 16 to 4096.
    """
    stages = log2(image_size / BOTTOM_SIZE) if 0 < image_size <= MAX_SIZE else 0
    if stages < 1 or stages != int(stages):
        raise IBGANError(f'image_size must be a power of two from {2 * BOTTOM_SIZE} to {MAX_SIZE}, got {image_size}')
    return int(stages)


def check_widths(network: nn.Module, **widths: int) -> None:
    """Raise IBGANError that names network, argument and value unless all ``widths`` are possible ones of a layer."""
    for name, width in widths.items():
        if not 1 <= width <= MAX_WIDTH:
            raise IBGANError(f'{type(network).__name__}.{name} must be 1 to {MAX_WIDTH}, got {width}')


def check_input(network: nn.Module, what: str, inputs: Tensor, *shape: int) -> None:
    """Raise IBGANError that names the network and both shapes unless ``inputs`` is N x ``shape``."""
    if tuple(inputs.shape[1:]) != shape:
        raise IBGANError(f'{type(network).__name__} takes {what} N x {" x ".join(map(str, shape))}, got {tuple(inputs.shape)}')


def conv_block(conv: nn.Conv2d | nn.ConvTranspose2d, activation: nn.Module, norm: bool = True) -> list[nn.Module]:
    """A (transposed) convolution with BatchNorm, if any, and an activation."""
    return [conv, nn.BatchNorm2d(conv.out_channels), activation] if norm else [conv, activation]


def leaky_relu(slope: float = LEAKY_SLOPE) -> nn.Module:
    """The activation of networks that read images or representations."""
    return nn.LeakyReLU(slope, inplace=True)


def perceptron(in_features: int, hidden: int, out_features: int) -> nn.Sequential:
    """Two linear layers, with BatchNorm and ReLU between: N x in_features -> N x out_features."""
    return nn.Sequential(nn.Linear(in_features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True),
                         nn.Linear(hidden, out_features))


def projection(in_features: int, hidden: int, out_features: int) -> nn.Sequential:
    """The first two layers of a generator, linear, with BatchNorm and ReLU: N x in_features -> N x out_features."""
    return nn.Sequential(*perceptron(in_features, hidden, out_features), nn.BatchNorm1d(out_features), nn.ReLU(inplace=True))


def upsampling(in_channels: int, widths: Sequence[int], out_channels: int) -> list[nn.Module]:
    """The last layers of a generator, 4x4 stride-2 transposed convolutions of these widths and one to an image in [-1, 1]."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += conv_block(nn.ConvTranspose2d(in_channels, width, 4, stride=2, padding=1, bias=False), nn.ReLU(inplace=True))
        in_channels = width
    return [*layers, nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1), nn.Tanh()]


def small_stage_channels(base_channels: int, image_size: int) -> list[int]:
    """Widths of the small networks' stages from the image's side down to 4x4, one more than to 8x8: c, c, 2c, 2c, 2c, ..."""
    return [base_channels * (1 if stage < 2 else 2) for stage in range(num_stages(image_size) + 1)]


def stem_channels(base_channels: int, image_size: int) -> list[int]:
    """Widths ``c, 2c, 4c, 4c, ...`` of the convolutions of :func:`stem`."""
    return [base_channels * 2**min(stage, 2) for stage in range(num_stages(image_size))]


def stem(in_channels: int, base_channels: int, image_size: int, norm: bool = True) -> nn.Sequential:
    """4x4 stride-2 convolutions down to 8x8, the first without BatchNorm: N x in_channels x S x S -> N x width x 8 x 8."""
    layers: list[nn.Module] = []
    width = in_channels
    for channels in stem_channels(base_channels, image_size):
        normed = norm and bool(layers)
        layers += conv_block(nn.Conv2d(width, channels, 4, stride=2, padding=1, bias=not normed), leaky_relu(), normed)
        width = channels
    return nn.Sequential(*layers)


def head(in_channels: int, conv_channels: tuple[int, ...], window_channels: int, pointwise_channels: tuple[int, ...],
         out_features: int, norm: bool = True, pointwise_slope: float = LEAKY_SLOPE) -> nn.Sequential:
    """3x3 convolutions, one 8x8 valid convolution, 1x1 convolutions, and a 1x1 output: N x in x 8 x 8 -> N x out x 1 x 1.

    Convolutions followed by BatchNorm have no bias, except the 1x1 ones (as published).
    """
    layers: list[nn.Module] = []
    width = in_channels
    for channels in conv_channels:
        layers += conv_block(nn.Conv2d(width, channels, 3, padding=1, bias=not norm), leaky_relu(), norm)
        width = channels
    layers += conv_block(nn.Conv2d(width, window_channels, BOTTOM_SIZE, bias=not norm), leaky_relu(), norm)
    width = window_channels
    for channels in pointwise_channels:
        layers += conv_block(nn.Conv2d(width, channels, 1), leaky_relu(pointwise_slope), norm)
        width = channels
    layers.append(nn.Conv2d(width, out_features, 1))
    return nn.Sequential(*layers)


class ImageNetwork(BaseModule):
    """A stem, unless a shared trunk replaces it, and a head: images (or trunk features) -> N x out_features.

    Args:
        out_features: Width of the output.
        in_channels: Channels of the image.
        base_channels: ``c``, the width of the first convolution (of the trunk's, with ``shared_trunk``).
        image_size: Side of the image, a power of two.
        conv_multipliers: Widths of the 3x3 convolutions at 8x8, in multiples of ``c``.
        pointwise_multipliers: Widths of the 1x1 convolutions behind the 8x8 one, in multiples of ``c``.
        shared_trunk: Whether the input is the feature map of a :class:`~ibgan_plugin.models.networks.trunk.Trunk`.
        norm: Whether to use BatchNorm.
        pointwise_slope: Slope of the LeakyReLU behind the 1x1 convolutions.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width or ``image_size`` is impossible.
    """

    def __init__(self, *, out_features: int, in_channels: int, base_channels: int, image_size: int,
                 conv_multipliers: tuple[int, ...], pointwise_multipliers: tuple[int, ...], shared_trunk: bool, norm: bool,
                 pointwise_slope: float = LEAKY_SLOPE, init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(init_cfg)
        multiples = {f'{name}[{i}]': multiplier
                     for name, values in (('conv_multipliers', conv_multipliers), ('pointwise_multipliers', pointwise_multipliers))
                     for i, multiplier in enumerate(values)}
        check_widths(self, in_channels=in_channels, base_channels=base_channels, **multiples)
        self.in_channels, self.image_size, self.shared_trunk = in_channels, image_size, shared_trunk
        width = stem_channels(base_channels, image_size)[-1]
        if shared_trunk:
            self.input_shape = width, BOTTOM_SIZE, BOTTOM_SIZE
            self.stem: nn.Module = nn.Identity()
        else:
            self.input_shape = in_channels, image_size, image_size
            self.stem = stem(in_channels, base_channels, image_size, norm)
        self.head = head(
            width, conv_channels=tuple(base_channels * m for m in conv_multipliers),
            window_channels=PIXEL_MULTIPLIER * base_channels,
            pointwise_channels=tuple(base_channels * m for m in pointwise_multipliers), out_features=out_features, norm=norm,
            pointwise_slope=pointwise_slope)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images N x in_channels x S x S, or trunk features N x width x 8 x 8, to N x out_features."""
        check_input(self, 'trunk features' if self.shared_trunk else 'images', inputs, *self.input_shape)
        return self.head(self.stem(inputs)).flatten(1)
