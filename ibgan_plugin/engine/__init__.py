"""Runner, schedules, hooks, loops, checkpoints, optimiser wrappers and their constructor."""
from ibgan_plugin.engine.checkpoints import AtomicLocalBackend
from ibgan_plugin.engine.loops.codes import CodesTestLoop, CodesValLoop
from ibgan_plugin.engine.loops.generation import GenerationTestLoop, GenerationValLoop
from ibgan_plugin.engine.loops.train import ResumableTrainLoop
from ibgan_plugin.engine.optim.constructor import GroupedOptimWrapperConstructor
from ibgan_plugin.engine.optim.cpu_amp import CPUAmpOptimWrapper
from ibgan_plugin.engine.optim.wrappers import SkipNonFiniteOptimWrapper
from ibgan_plugin.engine.runner import CheckedRunner

__all__ = ['AtomicLocalBackend', 'CPUAmpOptimWrapper', 'CheckedRunner', 'CodesTestLoop', 'CodesValLoop', 'GenerationTestLoop',
           'GenerationValLoop', 'GroupedOptimWrapperConstructor', 'ResumableTrainLoop', 'SkipNonFiniteOptimWrapper']
