# IB-GAN on MPI3D (toy) at 64x64: the recipe of Colour dSprites; none is published, this one is not tuned.
_base_ = [
    '../_base_/models/ibgan_separate.py', '../_base_/datasets/mpi3d_toy.py', '../_base_/schedules/rmsprop.py',
    '../_base_/default_runtime.py'
]
model = dict(
    generator=dict(out_channels=3),
    discriminator=dict(in_channels=3),
    reconstructor=dict(in_channels=3),
    kl_loss=dict(beta=0.071))
train_cfg = dict(max_iters=500_000)
default_hooks = dict(instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=100_000))
