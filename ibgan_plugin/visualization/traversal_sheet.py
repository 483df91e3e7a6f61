"""Traversals as papers print them: a labelled sheet, or a moving one."""
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from ibgan_plugin.models.base import ACTIVE_THRESHOLD, is_active
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.grids import image_grid, to_pixels
from ibgan_plugin.visualization.table import centred, chosen_scale, enlarge
from ibgan_plugin.visualization.text import draw_text, text_height, text_size, text_width
from ibgan_plugin.visualization.traversal import Traversal

#: Pixels between blocks of several traversals.
BETWEEN = 12
#: Beside the row of what the traversals are centred on.
INPUT_LABEL = ['input,', 'decoded']


class TraversalSheet:
    """How traversals are drawn: what stands beside them, and which rows are there.

    Args:
        traversals: One, or several of the same model around different points, side by side.
        title: Above the sheet, such as ``'5000 iterations'``; the range is always said, beside each row where they differ.
        factors: The factor that a dimension follows, by its number, for data whose factors are known.
        inputs: The image, uint8 S x S x 3, that each traversal is centred on, shown above it with what is decoded there.
        active_threshold: KL in nats up to which a row is inactive.
        leave_out: Leave inactive rows out; otherwise they are dimmed and marked.
        scale: Pixels of the sheet for one of an image; None takes 1, or more for images below 64 pixels.

    Raises:
        IBGANError: If there is no traversal, they do not go together, ``scale`` is below 1, or no row is left.
    """

    def __init__(self, traversals: Traversal | Sequence[Traversal], title: str = '', factors: Mapping[int, str] | None = None,
                 inputs: Sequence[np.ndarray] | None = None, active_threshold: float = ACTIVE_THRESHOLD, leave_out: bool = False,
                 scale: int | None = None) -> None:
        self.traversals = [traversals] if isinstance(traversals, Traversal) else list(traversals)
        if not self.traversals:
            raise IBGANError('there is no traversal to draw')
        first = self.traversals[0]
        if any(_shape(each) != _shape(first) for each in self.traversals):
            raise IBGANError('traversals side by side must be of one model, with the same steps and range')
        if inputs is not None and len(inputs) != len(self.traversals):
            raise IBGANError(f'{len(inputs)} inputs for {len(self.traversals)} traversals')
        self.first, self.title, self.factors, self.inputs = first, title, factors or {}, inputs
        self.ranges = first.ranges or [(-first.limit, first.limit)] * len(first.dims)
        self.range = self.ranges[0] if len(set(self.ranges)) == 1 else None  # of all rows
        self.active = [first.kl is None or is_active(kl, active_threshold) for kl in first.kl or first.dims]
        self.rows = [row for row in range(len(first.dims)) if self.active[row] or not leave_out]
        if not self.rows:
            raise IBGANError(f'no dimension has a KL above {active_threshold} nats: there is nothing to draw')
        self.pixels = [_pixels(each.imgs) for each in self.traversals]  # each rows x steps x S x S x 3
        side = self.pixels[0].shape[-2]
        self.scale = chosen_scale(scale, side)
        self.size = text_size(side * self.scale)

    def still(self) -> np.ndarray:
        """The sheet, uint8 H x W x 3: a row a dimension, the range from left to right."""
        labels = [self._label(row) for row in self.rows]
        head = [] if self.inputs is None else INPUT_LABEL
        width = text_width([line for lines in (head, *labels) for line in lines], self.size)
        rows = [self._beside(lines, width, [self._dim(row, pixels[row]) for pixels in self.pixels])
                for row, lines in zip(self.rows, labels, strict=True)]
        if self.range is not None:
            rows.insert(0, self._ticks(width, rows[0].shape[1], *self.range))
        if self.inputs is not None:
            rows.insert(0, self._beside(head, width, [self._input(place) for place in range(len(self.inputs))]))
        return np.concatenate([self._heading(rows[0].shape[1]), *rows])

    def moving(self) -> np.ndarray:
        """The sheet in time, uint8 steps x H x W x 3: a column a dimension, a row a traversal, the range from first to last."""
        labels = [self._label(row) for row in self.rows]
        side = self.pixels[0].shape[-2] * self.scale
        size = self.size
        column = max(side + 2, text_width([line for lines in labels for line in lines], size))
        heads = [draw_text(lines, size, text_height(max(map(len, labels)), size), column, centered=True) for lines in labels]
        lead = [] if self.inputs is None else [np.full((len(heads[0]), side + 2 + BETWEEN, 3), 255, np.uint8)]
        frames = []
        for step, value in enumerate(self._values(self.pixels[0].shape[1])):
            rows = [np.concatenate([*lead, *heads], axis=1)]
            for place, pixels in enumerate(self.pixels):
                cells = [centred(self._dim(row, pixels[row, step:step + 1]), column) for row in self.rows]
                if self.inputs is not None:
                    cells.insert(0, centred(image_grid(enlarge(self.inputs[place][None], self.scale), 1, 1), side + 2 + BETWEEN))
                rows.append(np.concatenate(cells, axis=1))
            body = np.concatenate(rows)
            frames.append(np.concatenate([self._heading(body.shape[1], value), body]))
        return np.stack(frames)

    def _label(self, row: int) -> list[str]:
        """What stands beside a row: its dimension, the factor it follows, its KL, its range if it is not that of all."""
        dim = self.first.dims[row]
        lines = [f'r{dim} {self.factors[dim]}' if dim in self.factors else f'r{dim}']
        if self.first.kl is not None:
            lines.append(f'KL {self.first.kl[row]:.2f}' + ('' if self.active[row] else ', inactive'))
        if self.range is None:
            lines.append(_between(*self.ranges[row]))
        return lines

    def _dim(self, row: int, images: np.ndarray) -> np.ndarray:
        """Images N x S x S x 3 in a line, dark where the dimension is inactive."""
        line = image_grid(enlarge(images, self.scale), len(images), 1)
        return line if self.active[row] else line // 2

    def _input(self, place: int) -> np.ndarray:
        """The input and its decoding, in the width of a block."""
        traversal, pixels = self.inputs[place], self.pixels[place]  # type: ignore[index]
        width = self._dim(self.rows[0], pixels[self.rows[0]]).shape[1]
        decoded = self.traversals[place].center
        images = [traversal] if decoded is None else [traversal, _pixels(decoded)]
        line = image_grid(enlarge(np.stack(images), self.scale), len(images), 1)
        return np.concatenate([line, np.full((len(line), width - line.shape[1], 3), 255, np.uint8)], axis=1)

    def _beside(self, lines: list[str], width: int, blocks: list[np.ndarray]) -> np.ndarray:
        """A label and a row of each traversal."""
        gap = np.full((len(blocks[0]), BETWEEN, 3), 255, np.uint8)
        parts = [part for block in blocks for part in (block, gap)][:-1]
        return np.concatenate([draw_text(lines, self.size, len(blocks[0]), width), *parts], axis=1)

    def _heading(self, width: int, value: str = '') -> np.ndarray:
        """Title and range, in as many lines as the width asks for."""
        parts = list(filter(None, (self.title, self._said_range(), value)))
        joined = ', '.join(parts)
        lines = [joined] if text_width([joined], self.size) <= width else parts
        size = self.size
        while size > 6 and text_width(lines, size) > width:
            size -= 1
        return draw_text(lines, size, text_height(len(lines), size), width)

    def _said_range(self) -> str:
        """The range of all rows, in standard deviations where the prior is N(0, I)."""
        if self.range is None:
            return 'each row over its own range of r'
        said = _between(*self.range)
        return f'range {said} standard deviations of the prior' if self.first.ranges is None else f'r from {said}'

    def _values(self, steps: int) -> list[str]:
        """What a moving sheet says of each of its frames."""
        if self.range is None:
            return [f'{step} of {steps}' for step in range(1, steps + 1)]
        return [f'r = {value:+.1f}' for value in np.linspace(*self.range, steps)]

    def _ticks(self, left: int, width: int, low: float, high: float) -> np.ndarray:
        """The values of the first, the middle and the last image above them."""
        height = text_height(1, self.size)
        line = np.full((height, width, 3), 255, np.uint8)
        steps, side = self.pixels[0].shape[1], self.pixels[0].shape[-2] * self.scale + 1
        block = steps * side + 1
        for start in range(left, width, block + BETWEEN):
            for step in {0, steps // 2, steps - 1} if steps % 2 else {0, steps - 1}:
                value = (low + high) / 2 + (high - low) / 2 * (2 * step / (steps - 1) - 1)
                line[:, start + step * side:start + step * side + side] = draw_text([f'{value:g}'], self.size, height, side, True)
        return line


def draw_traversal(traversals: Traversal | Sequence[Traversal], active_threshold: float = ACTIVE_THRESHOLD, **kwargs) -> np.ndarray:
    """The sheet of one or several traversals, uint8 H x W x 3 (RGB); ``kwargs`` as of :class:`TraversalSheet`."""
    return TraversalSheet(traversals, active_threshold=active_threshold, **kwargs).still()


def _shape(traversal: Traversal) -> tuple:
    """What traversals side by side have in common."""
    return traversal.dims, traversal.limit, traversal.ranges, traversal.imgs.shape


def _between(low: float, high: float) -> str:
    """A range in words."""
    return f'{low:g} to {high:g}'


def _pixels(imgs: Tensor | np.ndarray) -> np.ndarray:
    """Pixels uint8 ... x S x S x 3."""
    return imgs if isinstance(imgs, np.ndarray) else to_pixels(imgs)
