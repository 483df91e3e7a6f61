# The study's networks with FactorVAE's critic: six layers of 1000.
_base_ = ['./vae.py']
model = dict(
    type='ibgan_plugin.FactorVAE',
    critic=dict(type='ibgan_plugin.LatentCritic', r_dim=10, hidden_dims=(1000, 1000, 1000, 1000, 1000, 1000)),
    density_ratio_loss=dict(type='ibgan_plugin.DensityRatioLoss', gamma=35.0))
