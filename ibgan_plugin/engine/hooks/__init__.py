"""Hooks: each a stateless function of ``runner.iter`` over the unwrapped model where it can be."""
from ibgan_plugin.engine.hooks.ema import GeneratorSideEMAHook
from ibgan_plugin.engine.hooks.instance_noise import InstanceNoiseHook
from ibgan_plugin.engine.hooks.mi_bounds import MIBoundsHook
from ibgan_plugin.engine.hooks.plain_checkpoint import PlainCheckpointHook
from ibgan_plugin.engine.hooks.traversal import TraversalHook

__all__ = ['GeneratorSideEMAHook', 'InstanceNoiseHook', 'MIBoundsHook', 'PlainCheckpointHook', 'TraversalHook']
