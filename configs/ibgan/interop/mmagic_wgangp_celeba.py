# WGAN-GP of mmagic, with its average of the generator's weights. The encoder, generator and discriminator are ours.
_base_ = ['./mmagic_infogan_celeba.py']
model = dict(
    _delete_=True,
    type='WGANGP',
    data_preprocessor=dict(type='DataPreprocessor'),
    generator=dict(
        type='ibgan_plugin.NoiseGenerator',
        encoder=dict(type='ibgan_plugin.Encoder', z_dim=64, r_dim=15, hidden_dims=(64, 64, 32), norm=True),
        generator=dict(type='ibgan_plugin.Generator', r_dim=15, out_channels=3, base_channels=64)),
    discriminator=dict(type='ibgan_plugin.Discriminator', in_channels=3, base_channels=64, norm=False),
    discriminator_steps=5,
    ema_config=dict(type='ExponentialMovingAverage', momentum=0.001),
    loss_config=dict(norm_mode='HWC', loss_weight=10))
optim_wrapper = dict(generator=dict(modules=['generator']))
custom_hooks = []  # it has no bounds
metrics = [
    dict(type='MS_SSIM', prefix='ms-ssim', fake_nums=10000, sample_model='ema'),
    dict(type='SWD', prefix='swd', fake_nums=16384, sample_model='ema', image_shape=(3, 64, 64)),
]
val_evaluator = dict(metrics=metrics)
test_evaluator = dict(metrics=metrics)
