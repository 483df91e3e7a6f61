"""Matplotlib figures: their style, and their files."""
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ibgan_plugin.utils.files import check_suffix, write_whole

#: Okabe and Ito, "Color Universal Design", 2008, without the two that vanish on white: told apart with any colour vision.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00')
#: A line is known by its dashes and marks as well as by its colour.
DASHES = ('-', '--', '-.', ':')
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X', '*', '<', '>')
#: Formats of figures.
SUFFIXES = ('.png', '.svg')
#: Colour of text and axes. In a page's SVG it stands for the page's own, so that light and dark both work.
_INK = '#24292F'
_STYLE = {
    'font.size': 9, 'axes.titlesize': 10, 'axes.titleweight': 'bold', 'axes.titlelocation': 'left', 'axes.grid': True,
    'grid.alpha': 0.25, 'grid.color': _INK, 'axes.spines.top': False, 'axes.spines.right': False, 'lines.linewidth': 1.4,
    'lines.markersize': 4, 'text.color': _INK, 'axes.edgecolor': _INK, 'axes.labelcolor': _INK, 'axes.titlecolor': _INK,
    'xtick.color': _INK, 'ytick.color': _INK, 'svg.fonttype': 'none', 'svg.hashsalt': 'ibgan_plugin', 'savefig.dpi': 150,
    'figure.constrained_layout.use': True,
}


@contextmanager
def style() -> Iterator[None]:
    """Inside, figures are drawn and written in the style of this project; nothing global stays changed."""
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield


def write_figure(path: str | Path, figure: Figure) -> None:
    """Write a figure as PNG or SVG by the suffix, whole or not at all; the same figure gives the same bytes.

    Raises:
        IBGANError: If the suffix is another.
        OSError: If the file can not be written.
    """
    check_suffix(path, SUFFIXES)
    write_whole(path, _bytes(figure, Path(path).suffix[1:], transparent=False))


def page_svg(figure: Figure) -> str:
    """The ``<svg>`` element of a figure for a page of HTML: no background, text and axes in the page's colour."""
    svg = _bytes(figure, 'svg', transparent=True).decode()
    return svg[svg.index('<svg'):].replace(_INK.lower(), 'currentColor')


def _bytes(figure: Figure, kind: str, transparent: bool) -> bytes:
    """File content without the time of writing."""
    content = io.BytesIO()
    metadata = {'Date': None} if kind == 'svg' else {'Software': None}
    with style():
        figure.savefig(content, format=kind, metadata=metadata, transparent=transparent)
    return content.getvalue()
