# IB-GAN with a generator and a discriminator of mmagic, in mmagic's validation loop and pictures.
_base_ = [
    '../../_base_/models/ibgan_separate.py', '../../_base_/datasets/celeba.py', '../../_base_/schedules/rmsprop.py',
    '../../_base_/default_runtime.py'
]
default_scope = 'mmagic'
custom_imports = dict(imports=['ibgan_plugin.interop.mmagic.shims'], allow_failed_imports=False)
model = dict(
    type='ibgan_plugin.MMagicIBGAN',
    encoder=dict(z_dim=64, r_dim=15, hidden_dims=(64, 64, 32), norm=True),
    generator=dict(_delete_=True, type='mmagic.DCGANGenerator', output_scale=64, noise_size=15, base_channels=512),
    discriminator=dict(
        _delete_=True, type='mmagic.PGGANDiscriminator', in_scale=64, base_channels=2048, max_channels=256),
    reconstructor=dict(z_dim=64, in_channels=3, base_channels=64),
    kl_loss=dict(beta=0.35))
train_cfg = dict(max_iters=1_000_000)
log_processor = dict(type='mmagic.LogProcessor')
visualizer = dict(type='mmagic.Visualizer')
default_hooks = dict(
    instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=0.5, end=0.01),
    visualization=dict(type='VisualizationHook', interval=5000, vis_kwargs_list=dict(type='GAN', name='fake_img')))

val_cfg = dict(_delete_=True, type='mmagic.MultiValLoop')
val_dataloader = dict(
    _delete_=True,
    batch_size=64,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ibgan_plugin.MMagicImages', dataset=_base_.dataset))
val_evaluator = dict(
    _delete_=True,
    type='mmagic.Evaluator',
    metrics=[
        dict(type='mmagic.MS_SSIM', prefix='ms-ssim', fake_nums=10000, sample_model='orig'),
        dict(type='mmagic.SWD', prefix='swd', fake_nums=16384, sample_model='orig', image_shape=(3, 64, 64)),
    ])
