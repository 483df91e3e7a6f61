"""Filling sprites without antialiasing, and turning packed sprites into images: exact integer arithmetic throughout.

A sprite reaches at most 13.58 pixels from its centre, so 28 rows of 28 columns hold it. Such a **window** is packed into 28
words of 32 bits: word ``r`` is row ``r``, bit ``c`` (counted from the lowest) is column ``c``. Its top left pixel on the canvas
is ``floor(centre) - 13`` along both axes, a function of the two positions alone.
"""
import numpy as np

from ibgan_plugin.datasets.dsprites.outline import GRID, SUBPIXELS, centres, outline
from ibgan_plugin.utils.errors import IBGANError

#: Rows and columns of a packed window.
WINDOW = 28
#: Rows and columns of an image.
SIDE = 64
#: Top row (or left column) on the canvas of the window of each position.
ORIGINS = np.floor(centres(np.arange(GRID.sizes[3]))).astype(np.int64) - 13


def sprite_windows(shape: int, scale: int, orientation: int) -> np.ndarray:
    """Draw one sprite at all positions.

    A pixel is white if its centre lies inside the outline; a centre exactly on an edge belongs to left and bottom edges only.
    Every edge toggles, in each row it crosses, all pixels from the crossing to the right: what is toggled an odd number of
    times is inside. Rounded vertices separate into x and y, so the rows crossed depend on posY alone.

    Args:
        shape: 0..2.
        scale: 0..5.
        orientation: 0..39.

    Returns:
        uint32 [32, 32, 28]: packed windows by posX, posY, row.
    """
    positions = centres(np.arange(GRID.sizes[3]))[:, None]
    corners = outline(shape, scale, orientation)
    # Vertices relative to the window, in subpixels: PxV.
    x, y = (np.rint(SUBPIXELS * (positions + corner)).astype(np.int64) - SUBPIXELS * ORIGINS[:, None] for corner in corners.T)
    x_next, y_next = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)

    row_y = SUBPIXELS * np.arange(WINDOW)[:, None]  # Rx1
    top, bottom = np.minimum(y, y_next)[:, None], np.maximum(y, y_next)[:, None]  # Px1xV
    pos_y, row, edge = np.nonzero((top < row_y) & (row_y <= bottom))  # K crossings, sorted by posY, then row

    rise = (y_next - y)[pos_y, edge]
    numerator = (SUBPIXELS * row - y[pos_y, edge]) * np.sign(rise)
    rise = np.abs(rise)
    start, run = x[:, edge], (x_next - x)[:, edge]  # PxK
    # First column whose centre is not left of the crossing: ceil((start + run * numerator / rise) / SUBPIXELS).
    column = -((-start * rise - run * numerator) // (SUBPIXELS * rise))
    toggled = np.uint32(0xFFFFFFFF) << column.astype(np.uint32)

    windows = np.zeros((len(x), len(y), WINDOW), dtype=np.uint32)
    first = np.flatnonzero(np.diff(pos_y * WINDOW + row, prepend=-1))
    windows[:, pos_y[first], row[first]] = np.bitwise_xor.reduceat(toggled, first, axis=1)
    return windows


def unpack_windows(windows: np.ndarray, pos_x: np.ndarray, pos_y: np.ndarray, out: np.ndarray) -> None:
    """Write images of packed windows.

    Args:
        windows: Unsigned 32-bit words [N, 28].
        pos_x: Position indices [N].
        pos_y: Position indices [N].
        out: uint8 [N, 64, 64], contiguous; receives 0 (black) and 255 (white).
    """
    rows = np.zeros(len(windows) * SIDE, dtype='<u8')
    first = ORIGINS[pos_y] + SIDE * np.arange(len(windows))
    rows[first[:, None] + np.arange(WINDOW)] = windows.astype('<u8') << ORIGINS[pos_x].astype(np.uint64)[:, None]
    np.negative(np.unpackbits(rows.view(np.uint8), bitorder='little'), out=out.reshape(-1))  # 0, 1 -> 0, 255


def pack_images(images: np.ndarray, pos_x: np.ndarray, pos_y: np.ndarray) -> np.ndarray:
    """Packed windows uint32 [N, 28] of images [N, 64, 64] of 0 and 1: the inverse of :func:`unpack_windows`.

    Raises:
        IBGANError: If a pixel is neither 0 nor 1, or a white one lies outside its sprite's window.
    """
    if images.size and images.max() > 1:
        raise IBGANError(f'pixels must be 0 or 1, got {images.max()}')
    rows = np.packbits(images, axis=-1, bitorder='little').view('<u8')[..., 0]  # Nx64
    words = np.take_along_axis(rows, ORIGINS[pos_y][:, None] + np.arange(WINDOW), axis=1)
    windows = (words >> ORIGINS[pos_x].astype(np.uint64)[:, None]).astype(np.uint32) & np.uint32((1 << WINDOW) - 1)
    redrawn = np.empty(images.shape, dtype=np.uint8)
    unpack_windows(windows, pos_x, pos_y, redrawn)
    wrong = np.flatnonzero((redrawn != 255 * images).any(axis=(1, 2)))
    if wrong.size:
        raise IBGANError(f'image {wrong[0]} has white pixels outside its {WINDOW}x{WINDOW} window '
                         f'(posX {pos_x[wrong[0]]}, posY {pos_y[wrong[0]]})')
    return windows


def render(factors: np.ndarray) -> np.ndarray:
    """Draw dSprites images; no file is read.

    Args:
        factors: Integers [N, 5]: shape, scale, orientation, posX, posY indices.

    Returns:
        uint8 [N, 64, 64] of 0 and 255, as all images of this package.

    Raises:
        IBGANError: If the shape is not [N, 5] or an index lies outside its factor.
    """
    sprite, position = np.divmod(GRID.to_index(factors), GRID.sizes[3] * GRID.sizes[4])
    images = np.empty((len(sprite), SIDE, SIDE), dtype=np.uint8)
    pos_x, pos_y = np.divmod(position, GRID.sizes[4])
    windows = np.empty((len(sprite), WINDOW), dtype=np.uint32)
    kinds, kind = np.unique(sprite, return_inverse=True)
    for number, (shape, scale, orientation) in enumerate(zip(*np.unravel_index(kinds, GRID.sizes[:3]), strict=True)):
        chosen = kind == number
        windows[chosen] = sprite_windows(shape, scale, orientation)[pos_x[chosen], pos_y[chosen]]
    unpack_windows(windows, pos_x, pos_y, out=images)
    return images
