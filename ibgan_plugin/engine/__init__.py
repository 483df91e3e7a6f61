"""Schedules, hooks, loops and the optimiser-wrapper constructor."""
from ibgan_plugin.engine.loops import CodesTestLoop, CodesValLoop
from ibgan_plugin.engine.optim_wrapper_constructor import GroupedOptimWrapperConstructor

__all__ = ['CodesTestLoop', 'CodesValLoop', 'GroupedOptimWrapperConstructor']
