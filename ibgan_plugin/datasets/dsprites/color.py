"""Colour dSprites: white becomes one of 8x8x8 colours, on the fly."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.datasets.dsprites.dataset import DSprites
from ibgan_plugin.datasets.dsprites.outline import GRID
from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.registry import DATASETS
from ibgan_plugin.utils.errors import IBGANError

#: Values each of red, green and blue takes: linspace(0, 1, 8), in 0..255.
LEVELS = np.rint(np.linspace(0, 255, 8)).astype(np.uint8)
#: The factors of dSprites after three of colour.
COLOR_GRID = FactorGrid(names=('red', 'green', 'blue', *GRID.names), sizes=(8, 8, 8, *GRID.sizes))
_COLORS = 8**3


@DATASETS.register_module()
class ColorDSprites(DSprites):
    """dSprites in colour: uint8 [3, 64, 64], each channel multiplied by one of 8 levels drawn per image.

    A colour depends on seed, epoch and sample number alone, not on workers or batches. Seed and epoch come with the index, from
    ``ResumableSampler`` or ``EpochSampler``; with any other sampler every image keeps one colour for the whole run.

    Args:
        data_root, pipeline, indices, test_mode: As in :class:`DSprites`. In test mode colours depend on neither epoch nor run.
        seed: Seed of the colours in every run; by default each run has its own.
        exclude_black: Leave out the one colour in 512 that makes an image all black. The published set includes it.
        color_factors: Make the colours factors instead of drawing them: :attr:`grid` has 8 factors, of sizes (8, 8, 8, 3, 6,
            40, 32, 32), and the set 377,487,360 samples, one for every combination.

    Raises:
        IBGANError: If both ``exclude_black`` and ``color_factors`` are asked for: the grid would have a hole.
    """

    def __init__(self, data_root: str | Path = 'data/dsprites', pipeline: Sequence | None = None,
                 indices: int | Sequence[int] | None = None, test_mode: bool = False, seed: int | None = None,
                 exclude_black: bool = False, color_factors: bool = False):
        if exclude_black and color_factors:
            raise IBGANError('exclude_black=True does not go with color_factors=True: '
                             'the grid of factors holds every colour, black too')
        super().__init__(data_root, pipeline, indices, test_mode)
        self.seed = seed
        self.exclude_black = exclude_black
        self.color_factors = color_factors
        if color_factors:
            self.grid = COLOR_GRID

    @property
    def metainfo(self) -> dict[str, Any]:
        """Name of the set, names and sizes of its factors."""
        return {**super().metainfo, 'dataset': 'color_dsprites'}

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), 'seed': self.seed, 'exclude_black': self.exclude_black, 'color_factors': self.color_factors}

    def colors(self, sample_idx: np.ndarray, epoch: np.ndarray | int = 0, seed: np.ndarray | int = 0) -> np.ndarray:
        """Colour levels int64 [N, 3] (red, green, blue, each in 0..7) of sample numbers int64 [N], drawn in an epoch of a run."""
        if self.color_factors:
            number = sample_idx // len(GRID)
        elif self.exclude_black:
            number = 1 + (self._hash(sample_idx, epoch, seed) % np.uint64(_COLORS - 1)).astype(np.int64)
        else:
            number = (self._hash(sample_idx, epoch, seed) % np.uint64(_COLORS)).astype(np.int64)
        return np.stack(np.unravel_index(number, (8, 8, 8)), axis=1)

    def _hash(self, sample_idx: np.ndarray, epoch: np.ndarray | int, seed: np.ndarray | int) -> np.ndarray:
        """64 well-mixed bits a sample: a counter-based draw, so that there is no state that workers could share."""
        if self.test_mode:
            epoch = seed = 0
        run = np.asarray(seed if self.seed is None else self.seed, dtype=np.int64) & 0xFFFFFFFF
        key = np.broadcast_to(run << 32 | epoch, sample_idx.shape).astype(np.uint64)
        return _mix(_mix(key) ^ sample_idx.astype(np.uint64))

    def _fetch(self, sample_idx: np.ndarray, epoch: np.ndarray, seed: np.ndarray) -> np.ndarray:
        white = super()._fetch(sample_idx % len(GRID), epoch, seed)  # Nx1x64x64
        levels = LEVELS[self.colors(sample_idx, epoch, seed)][:, :, None, None]  # Nx3x1x1
        return white & levels  # 255 & level is the level, 0 & level is 0


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): uint64 to uint64, one to one."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)
