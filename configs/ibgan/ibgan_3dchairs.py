# IB-GAN on 3D Chairs at 64x64, grey: the published recipe.
_base_ = [
    '../_base_/models/ibgan_shared_trunk.py', '../_base_/datasets/3dchairs.py', '../_base_/schedules/rmsprop.py',
    '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(r_dim=10),
    generator=dict(r_dim=10, out_channels=1, base_channels=32),
    trunk=dict(in_channels=1, base_channels=16),
    discriminator=dict(in_channels=1, base_channels=16),
    reconstructor=dict(in_channels=1, base_channels=16),
    kl_loss=dict(beta=0.325))
optim_wrapper = dict(discriminator=dict(optimizer=dict(lr=2e-6)))
train_cfg = dict(_delete_=True, type='ibgan_plugin.ResumableTrainLoop', max_iters=700_000, val_interval=700_000)
default_hooks = dict(instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=0.5, end=0.01))
