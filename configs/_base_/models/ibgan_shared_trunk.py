# The published networks for CelebA and 3D Chairs: D and q share three stride-2 convolutions, which D's optimiser owns.
init_cfg = dict(type='ibgan_plugin.OrthogonalInit')
model = dict(
    type='ibgan_plugin.IBGAN',
    encoder=dict(type='ibgan_plugin.Encoder', z_dim=64, r_dim=15, hidden_dims=(64, 64, 32), norm=True, init_cfg=init_cfg),
    generator=dict(type='ibgan_plugin.Generator', r_dim=15, out_channels=3, base_channels=64, image_size=64, init_cfg=init_cfg),
    trunk=dict(type='ibgan_plugin.Trunk', in_channels=3, base_channels=64, image_size=64, init_cfg=init_cfg),
    trunk_owner='discriminator',
    discriminator=dict(
        type='ibgan_plugin.Discriminator', in_channels=3, base_channels=64, image_size=64, conv_multipliers=(4, ),
        shared_trunk=True, init_cfg=init_cfg),
    reconstructor=dict(
        type='ibgan_plugin.Reconstructor', z_dim=64, in_channels=3, base_channels=64, image_size=64, conv_multipliers=(4, 4),
        pointwise_multipliers=(), shared_trunk=True, init_cfg=init_cfg),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='non_saturating', real_label=(0.7, 1.2)),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0),
    kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.35),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5], non_blocking=True))
