"""Files of what an inferencer returns; the suffix says which kind."""
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.utils.files import check_suffix, write_npz, write_whole
from ibgan_plugin.visualization.animation import there_and_back, write_gif, write_mp4
from ibgan_plugin.visualization.grids import write_png
from ibgan_plugin.visualization.table import draw_table
from ibgan_plugin.visualization.traversal import Traversal
from ibgan_plugin.visualization.traversal_sheet import TraversalSheet

#: How many frames of a film or GIF pass in a second.
FRAMES_PER_SECOND = 10
#: Suffixes of what can stand still and move.
STILL_OR_MOVING = ('.png', '.gif', '.mp4')


def write_traversal(path: str | Path, traversals: Sequence[Traversal], **options: Any) -> None:
    """A labelled sheet (``.png``), or one in which each dimension's image moves (``.gif``, ``.mp4``).

    Args:
        path: File to write.
        traversals: One, or several around different points.
        options: As of :class:`~ibgan_plugin.visualization.traversal_sheet.TraversalSheet`.
    """
    check_suffix(path, STILL_OR_MOVING)
    sheet = TraversalSheet(traversals, **options)
    if Path(path).suffix == '.png':
        write_png(path, sheet.still())
    else:
        write_moving(path, sheet.moving())


def write_interpolation(path: str | Path, imgs: np.ndarray, ends: np.ndarray, scale: int | None = None) -> None:
    """From one image to another between the two: a row (``.png``), or moving (``.gif``, ``.mp4``).

    Args:
        path: File to write.
        imgs: uint8 steps x S x S x 3.
        ends: The two images, uint8 2 x S x S x 3.
        scale: Pixels of the picture for one of an image; None takes 1, or more for images below 64 pixels.
    """
    check_suffix(path, STILL_OR_MOVING)
    shares = [f'{share:.2g}' for share in np.linspace(0, 1, len(imgs))]
    if Path(path).suffix == '.png':
        row = np.concatenate([ends[:1], imgs, ends[1:]])
        write_png(path, draw_table(row[None], [''], ['first', *shares, 'second'], scale))
        return
    frames = [draw_table(np.stack([ends[0], img, ends[1]])[None], [''], ['first', share.center(5), 'second'], scale)
              for img, share in zip(imgs, shares, strict=True)]
    write_moving(path, np.stack(frames))


def write_swap(path: str | Path, imgs: np.ndarray, inputs: np.ndarray, dims: Sequence[int], scale: int | None = None) -> None:
    """Two images, what is decoded of them, and that with dimensions exchanged (``.png``).

    Args:
        path: File to write.
        imgs: uint8 2 x 2 x S x S x 3: the decoded pair, and the pair exchanged.
        inputs: The two images, uint8 2 x S x S x 3.
        dims: The dimensions exchanged.
        scale: As in :func:`write_interpolation`.
    """
    check_suffix(path, ('.png', ))
    table = np.stack([inputs, imgs[0], imgs[1]], axis=1)  # 2x3xSxSx3
    exchanged = ', '.join(f'r{dim}' for dim in dims)
    write_png(path, draw_table(table, ['first', 'second'], ['input', 'decoded', f"with the other's {exchanged}"], scale))


def write_moving(path: str | Path, frames: np.ndarray) -> None:
    """Frames uint8 T x H x W x 3 there and back in time: ``.gif`` or ``.mp4``."""
    (write_mp4 if Path(path).suffix == '.mp4' else write_gif)(path, there_and_back(frames), FRAMES_PER_SECOND)


def write_codes(path: str | Path, names: Sequence[str], codes: np.ndarray) -> None:
    """Representations N x r_dim and names of their images: arrays ``codes`` and ``names`` (``.npz``), or a row each (``.csv``)."""
    check_suffix(path, ('.npz', '.csv'))
    if Path(path).suffix == '.npz':
        write_npz(path, dict(codes=codes, names=np.array(names)))
        return
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(['image', *(f'r{dim}' for dim in range(codes.shape[1]))])
    writer.writerows([name, *row] for name, row in zip(names, codes.tolist(), strict=True))
    write_whole(path, text.getvalue())
