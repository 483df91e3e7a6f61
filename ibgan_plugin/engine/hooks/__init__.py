"""Hooks: each a stateless function of ``runner.iter`` over the unwrapped model where it can be."""
from ibgan_plugin.engine.hooks.deferred_runtime_info import DeferredRuntimeInfoHook
from ibgan_plugin.engine.hooks.ema import GeneratorSideEMAHook
from ibgan_plugin.engine.hooks.health import HealthHook
from ibgan_plugin.engine.hooks.instance_noise import InstanceNoiseHook
from ibgan_plugin.engine.hooks.iteration_seed import IterationSeedHook
from ibgan_plugin.engine.hooks.mi_bounds import MIBoundsHook
from ibgan_plugin.engine.hooks.preemption import PreemptionHook
from ibgan_plugin.engine.hooks.progress import ProgressLoggerHook
from ibgan_plugin.engine.hooks.retired import PlainCheckpointHook, StrictLoadHook
from ibgan_plugin.engine.hooks.safe_checkpoint import SafeCheckpointHook
from ibgan_plugin.engine.hooks.schedule import ScheduleHook
from ibgan_plugin.engine.hooks.sync_buffers import SyncBuffersBeforeValHook
from ibgan_plugin.engine.hooks.traversal import TraversalHook

__all__ = ['DeferredRuntimeInfoHook', 'GeneratorSideEMAHook', 'HealthHook', 'InstanceNoiseHook', 'IterationSeedHook',
           'MIBoundsHook', 'PlainCheckpointHook', 'PreemptionHook', 'ProgressLoggerHook', 'SafeCheckpointHook', 'ScheduleHook',
           'StrictLoadHook', 'SyncBuffersBeforeValHook', 'TraversalHook']
