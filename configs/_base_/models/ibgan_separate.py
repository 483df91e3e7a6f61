# The published networks for dSprites: D and q separate (G 1.18 M, D + q 4.50 M parameters).
model = dict(
    type='ibgan_plugin.IBGAN',
    encoder=dict(type='ibgan_plugin.Encoder', z_dim=16, r_dim=10, hidden_dims=(32, 32), norm=False),
    generator=dict(type='ibgan_plugin.Generator', r_dim=10, out_channels=1, base_channels=16, image_size=64),
    discriminator=dict(type='ibgan_plugin.Discriminator', in_channels=1, base_channels=16, image_size=64),
    reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=16, in_channels=1, base_channels=16, image_size=64),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='non_saturating', real_label=1.0),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0),
    kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.141),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5], non_blocking=True))
