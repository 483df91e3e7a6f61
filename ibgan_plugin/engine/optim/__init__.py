"""Optimiser wrappers and their constructor."""
from ibgan_plugin.engine.optim.constructor import GroupedOptimWrapperConstructor
from ibgan_plugin.engine.optim.cpu_amp import CPUAmpOptimWrapper

__all__ = ['CPUAmpOptimWrapper', 'GroupedOptimWrapperConstructor']
