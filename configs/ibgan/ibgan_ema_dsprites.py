# IB-GAN on dSprites, evaluated and saved with averaged weights of the encoder, generator and reconstructor.
_base_ = ['./ibgan_dsprites.py']
default_hooks = dict(
    ema=dict(type='ibgan_plugin.GeneratorSideEMAHook', ema_type='mmengine.ExponentialMovingAverage', momentum=0.001, begin_iter=0))
