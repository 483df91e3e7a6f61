"""Weights of other implementations of IB-GAN, to ours and back."""
from ibgan_plugin.interop.converters.convert import from_ours, to_ours
from ibgan_plugin.interop.converters.layouts import LAYOUTS

__all__ = ['LAYOUTS', 'from_ours', 'to_ours']
