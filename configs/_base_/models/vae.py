# The networks of the large-scale study (Locatello et al., 2019) and the plain ELBO.
model = dict(
    type='ibgan_plugin.VAE',
    encoder=dict(type='ibgan_plugin.ImageEncoder', r_dim=10, in_channels=1, image_size=64),
    decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=10, out_channels=1, image_size=64),
    reconstruction_loss=dict(type='ibgan_plugin.BernoulliReconstruction'),
    regulariser=dict(type='ibgan_plugin.KLRegulariser', beta=1.0),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5], non_blocking=True))
