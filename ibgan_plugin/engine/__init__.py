"""Schedules, hooks, loops, checkpoints, optimiser wrappers and their constructor."""
from ibgan_plugin.engine.checkpoints import AtomicLocalBackend
from ibgan_plugin.engine.generation_loops import GenerationTestLoop, GenerationValLoop
from ibgan_plugin.engine.loops import CodesTestLoop, CodesValLoop
from ibgan_plugin.engine.optim_wrapper_constructor import GroupedOptimWrapperConstructor
from ibgan_plugin.engine.optim_wrappers import SkipNonFiniteOptimWrapper
from ibgan_plugin.engine.train_loop import ResumableTrainLoop

__all__ = ['AtomicLocalBackend', 'CodesTestLoop', 'CodesValLoop', 'GenerationTestLoop', 'GenerationValLoop',
           'GroupedOptimWrapperConstructor', 'ResumableTrainLoop', 'SkipNonFiniteOptimWrapper']
