"""Transforms of single images, beside MMCV's."""
from ibgan_plugin.datasets.transforms.crop_resize import PRESETS, Crop, CropResize, resize

__all__ = ['PRESETS', 'Crop', 'CropResize', 'resize']
