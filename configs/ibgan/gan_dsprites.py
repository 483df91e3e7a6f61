# A plain GAN: lambda = beta = 0. The reconstructor gets no gradient, so the codes it is scored by are those of a random one.
_base_ = ['./ibgan_dsprites.py']
model = dict(info_loss=dict(info_weight=0.0), kl_loss=dict(beta=0.0))
