# adam.py for long trainings: all that encodes and draws is evaluated and saved with averaged weights.
_base_ = ['./adam.py', '../default_runtime.py']
default_hooks = dict(
    ema=dict(
        type='ibgan_plugin.GeneratorSideEMAHook',
        ema_type='mmengine.ExponentialMovingAverage',
        momentum=0.001,
        begin_iter=0))
