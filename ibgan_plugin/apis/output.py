"""Files of what an inferencer returns; the suffix says which kind."""
import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole
from ibgan_plugin.visualization.animation import there_and_back, write_gif
from ibgan_plugin.visualization.grids import image_grid, write_png
from ibgan_plugin.visualization.traversal import Traversal, draw_traversal


def check_suffix(path: str | Path, allowed: Sequence[str]) -> None:
    """Raise IBGANError unless ``path`` ends in one of ``allowed``."""
    if Path(path).suffix not in allowed:
        raise IBGANError(f'the output file must end in {" or ".join(allowed)}, got {str(path)!r}')


def write_traversal(path: str | Path, traversal: Traversal) -> None:
    """A labelled grid (``.png``), or a row of images that each vary one dimension, by KL from the left (``.gif``).

    Args:
        path: File to write.
        traversal: With pixels, uint8 r_dim x steps x S x S x 3.
    """
    check_suffix(path, ('.png', '.gif'))
    if Path(path).suffix == '.png':
        write_png(path, draw_traversal(traversal))
        return
    columns = np.swapaxes(np.asarray(traversal.imgs), 0, 1)
    write_gif(path, there_and_back(np.stack([image_grid(column, len(column)) for column in columns])))


def write_interpolation(path: str | Path, imgs: np.ndarray) -> None:
    """Images uint8 steps x S x S x 3 as a row (``.png``) or there and back in time (``.gif``)."""
    check_suffix(path, ('.png', '.gif'))
    if Path(path).suffix == '.png':
        write_png(path, image_grid(imgs, len(imgs)))
    else:
        write_gif(path, there_and_back(imgs))


def write_codes(path: str | Path, names: Sequence[str], codes: np.ndarray) -> None:
    """Representations N x r_dim and names of their images: arrays ``codes`` and ``names`` (``.npz``), or a row each (``.csv``)."""
    check_suffix(path, ('.npz', '.csv'))
    if Path(path).suffix == '.npz':
        content = io.BytesIO()
        np.savez(content, codes=codes, names=np.array(names))
        write_whole(path, content.getvalue())
        return
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(['image', *(f'r{dim}' for dim in range(codes.shape[1]))])
    writer.writerows([name, *row] for name, row in zip(names, codes.tolist(), strict=True))
    write_whole(path, text.getvalue())
