"""Optimiser wrappers and their constructor."""
from ibgan_plugin.engine.optim.bfloat16 import BFloat16OptimWrapper
from ibgan_plugin.engine.optim.constructor import GroupedOptimWrapperConstructor

__all__ = ['BFloat16OptimWrapper', 'GroupedOptimWrapperConstructor']
