# InfoGAN in mmagic's own training loop: a generator of mmagic; discriminator, reconstructor, losses, hooks and LMDB data of ours.
_base_ = ['mmagic::_base_/gen_default_runtime.py']
custom_imports = dict(
    imports=['ibgan_plugin.interop.mmagic.shims', 'ibgan_plugin.interop.mmagic.infogan'], allow_failed_imports=False)
model = dict(
    type='ibgan_plugin.MMagicInfoGAN',
    data_preprocessor=dict(type='DataPreprocessor'),
    generator=dict(type='DCGANGenerator', output_scale=64, noise_size=15, base_channels=512),
    discriminator=dict(type='ibgan_plugin.Discriminator', in_channels=3, base_channels=64),
    reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=15, in_channels=3, base_channels=64),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='hinge'),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0))

dataset = dict(
    type='ibgan_plugin.MMagicImages', dataset=dict(type='ibgan_plugin.LMDBImages', path='data/celeba/celeba.lmdb'))
train_dataloader = dict(
    batch_size=64, num_workers=2, persistent_workers=True, sampler=dict(type='InfiniteSampler', shuffle=True), dataset=dataset)
val_dataloader = dict(batch_size=64, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dataset)
test_dataloader = val_dataloader

optimizer = dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(optimizer=optimizer, modules=['generator', 'reconstructor']),
    discriminator=dict(optimizer=optimizer))
train_cfg = dict(max_iters=150_000)

default_hooks = dict(
    checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook'),  # whose files are plain data
    visualization=dict(type='VisualizationHook', interval=5000, vis_kwargs_list=dict(type='GAN', name='fake_img')),
    health=dict(type='ibgan_plugin.HealthHook', interval=50))
custom_hooks = [dict(type='ibgan_plugin.MIBoundsHook', interval=100)]
metrics = [
    dict(type='MS_SSIM', prefix='ms-ssim', fake_nums=10000, sample_model='orig'),
    dict(type='SWD', prefix='swd', fake_nums=16384, sample_model='orig', image_shape=(3, 64, 64)),
]
val_evaluator = dict(metrics=metrics)
test_evaluator = dict(metrics=metrics)
