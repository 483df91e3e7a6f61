# IB-GAN on dSprites: the published recipe.
_base_ = [
    '../_base_/models/ibgan_separate.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/rmsprop.py',
    '../_base_/default_runtime.py'
]
default_hooks = dict(instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=100_000))
