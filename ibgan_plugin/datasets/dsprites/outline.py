"""Outlines of the three dSprites shapes (square, ellipse, heart: the values of the factor ``shape``), placed on the 64x64 canvas.

The constants were found by fitting real frames of the official file (Matthey et al., 2017, "dSprites: Disentanglement
testing Sprites dataset"); with them every real frame that was compared comes out without a wrong pixel.
"""
import numpy as np

from ibgan_plugin.datasets.ground_truth import FactorGrid

#: The factors of the official file without its constant colour, in its order: the last varies fastest.
GRID = FactorGrid(names=('shape', 'scale', 'orientation', 'posX', 'posY'), sizes=(3, 6, 40, 32, 32))
#: Vertices are rounded to this fraction of a pixel.
SUBPIXELS = 256

_HALF_SIDE = 9.6  # pixels at scale 1
_ELLIPSE_STRETCH = 1.33
_HEART_SIZE, _HEART_SHIFT = _HALF_SIDE / 14.5, 0.15 * _HALF_SIDE


def _square() -> np.ndarray:
    return _HALF_SIDE * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)


def _ellipse(vertices: int = 100) -> np.ndarray:
    t = 2 * np.pi * np.arange(vertices) / vertices
    return _HALF_SIDE * np.stack([_ELLIPSE_STRETCH * np.cos(t), np.sin(t) / _ELLIPSE_STRETCH], axis=1)


def _heart(vertices: int = 150) -> np.ndarray:
    t = 2 * np.pi * np.arange(vertices) / vertices
    lobes = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([_HALF_SIDE * np.sin(t)**3, -_HEART_SIZE * lobes - _HEART_SHIFT], axis=1)


_OUTLINES = (_square(), _ellipse(), _heart())  # each [V, 2]: u right, v down, in pixels


def outline(shape: int, scale: int, orientation: int) -> np.ndarray:
    """Vertices float64 [V, 2] (x right, y down) in pixels around the sprite's centre, scaled and turned."""
    u, v = _OUTLINES[shape].T
    size = np.linspace(0.5, 1, GRID.sizes[1])[scale]
    # The published angles are linspace(0, 2 pi, 40): the last is a whole turn, the same picture as the first.
    turns = GRID.sizes[2] - 1
    angle = 2 * np.pi * (orientation % turns) / turns
    return size * np.stack([u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)], axis=1)


def centres(positions: np.ndarray) -> np.ndarray:
    """Centre coordinates (pixels, pixel centres at integers) of position indices 0..31; the same along x and y."""
    return 15.5 + 32 * np.asarray(positions) / (GRID.sizes[3] - 1)
