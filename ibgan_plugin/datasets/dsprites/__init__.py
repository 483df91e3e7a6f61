"""dSprites, drawn exactly: outlines, raster, building of the LMDB file, data sets."""
from ibgan_plugin.datasets.dsprites.color import ColorDSprites
from ibgan_plugin.datasets.dsprites.dataset import DSprites
from ibgan_plugin.datasets.dsprites.outline import GRID
from ibgan_plugin.datasets.dsprites.raster import render

__all__ = ['GRID', 'ColorDSprites', 'DSprites', 'render']
