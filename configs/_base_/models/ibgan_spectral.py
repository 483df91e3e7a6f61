# Small networks for short trainings on 64x64 images of one channel (0.22 M parameters): D and q share a spectrally normalised
# trunk, and one optimiser trains all three (after InfoGAN-CR). lambda is a fifth of the published one: with 1, and a D as fast as
# this, G writes codes that q can read and nobody sees. beta comes from a schedule.
model = dict(
    type='ibgan_plugin.IBGAN',
    encoder=dict(type='ibgan_plugin.Encoder', z_dim=16, r_dim=10, hidden_dims=(64, 64), init_cfg=None),
    generator=dict(type='ibgan_plugin.SmallGenerator', r_dim=10, out_channels=1, base_channels=16, image_size=64),
    trunk=dict(type='ibgan_plugin.SpectralTrunk', in_channels=1, base_channels=16, num_features=128, image_size=64),
    trunk_owner='both',
    discriminator=dict(type='ibgan_plugin.SpectralDiscriminator', num_features=128),
    reconstructor=dict(type='ibgan_plugin.SpectralReconstructor', z_dim=16, num_features=128),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='non_saturating', real_label=1.0),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=0.2),
    kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.0),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5], non_blocking=True))
