# The textbook InfoGAN with a categorical code: one of three classes, four uniform codes and five numbers of noise; no encoder.
_base_ = ['./ibgan_dsprites.py']
model = dict(
    encoder=None,
    generator=dict(r_dim=12),
    reconstructor=dict(z_dim=7),
    kl_loss=None,
    prior=dict(
        type='ibgan_plugin.ProductPrior',
        parts=[
            dict(type='ibgan_plugin.CategoricalPrior', dim=3),
            dict(type='ibgan_plugin.UniformPrior', dim=4, low=-1.0, high=1.0),
            dict(type='ibgan_plugin.NormalPrior', dim=5, coded=False),
        ]))
