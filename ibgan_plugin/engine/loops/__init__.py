"""Training, validation and test loops."""
from ibgan_plugin.engine.loops.codes import CodesTestLoop, CodesValLoop
from ibgan_plugin.engine.loops.generation import GenerationTestLoop, GenerationValLoop
from ibgan_plugin.engine.loops.train import ResumableTrainLoop

__all__ = ['CodesTestLoop', 'CodesValLoop', 'GenerationTestLoop', 'GenerationValLoop', 'ResumableTrainLoop']
