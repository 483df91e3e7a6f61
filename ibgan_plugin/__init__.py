"""IB-GAN (Information Bottleneck GAN) components for MMEngine-style model zoos.

Importing the package is cheap and registers nothing: MMEngine imports the modules that :mod:`ibgan_plugin.registry` names
the first time a type is looked up, whether through ``default_scope='ibgan_plugin'``, a prefix (``ibgan_plugin.IBGAN``) or
``custom_imports``.
"""
from ibgan_plugin.version import __version__

__all__ = ['__version__']
