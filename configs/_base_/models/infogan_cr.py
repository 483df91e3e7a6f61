# InfoGAN-CR's networks for dSprites: 5 uniform codes and 5 uniform numbers of noise; D and q on one trunk with spectral norm.
model = dict(
    type='ibgan_plugin.InfoGANCR',
    prior=dict(
        type='ibgan_plugin.ProductPrior',
        parts=[
            dict(type='ibgan_plugin.UniformPrior', dim=5, low=-1.0, high=1.0),
            dict(type='ibgan_plugin.UniformPrior', dim=5, low=-1.0, high=1.0, coded=False),
        ]),
    generator=dict(type='ibgan_plugin.InfoGANGenerator', r_dim=10, out_channels=1, image_size=64),
    trunk=dict(type='ibgan_plugin.SpectralTrunk', in_channels=1, base_channels=32, num_features=128, image_size=64),
    trunk_owner='both',
    discriminator=dict(type='ibgan_plugin.SpectralDiscriminator', num_features=128),
    reconstructor=dict(type='ibgan_plugin.SpectralReconstructor', z_dim=5, num_features=128, hidden_dim=128),
    contrastive=dict(type='ibgan_plugin.ContrastiveNetwork', num_codes=5, in_channels=1, base_channels=32, image_size=64),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='non_saturating', real_label=1.0),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=0.05),
    contrastive_loss=dict(type='ibgan_plugin.ContrastiveLoss', weight=0.0, gap=0.0),
    generator_steps=2,
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5], non_blocking=True))
