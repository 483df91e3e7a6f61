# IB-GAN on CelebA at 64x64: the published recipe.
_base_ = [
    '../_base_/models/ibgan_shared_trunk.py', '../_base_/datasets/celeba.py', '../_base_/schedules/rmsprop.py',
    '../_base_/default_runtime.py'
]
optim_wrapper = dict(discriminator=dict(optimizer=dict(lr=2e-6)))
train_cfg = dict(_delete_=True, type='ibgan_plugin.ResumableTrainLoop', max_iters=1_000_000, val_interval=1_000_000)
default_hooks = dict(instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=0.5, end=0.01))
