"""Latent traversals and sample grids."""
from ibgan_plugin.visualization.animation import write_gif
from ibgan_plugin.visualization.grids import image_grid, write_png
from ibgan_plugin.visualization.traversal import Traversal, sample, traverse
from ibgan_plugin.visualization.traversal_sheet import TraversalSheet, draw_traversal

__all__ = ['Traversal', 'TraversalSheet', 'draw_traversal', 'image_grid', 'sample', 'traverse', 'write_gif', 'write_png']
