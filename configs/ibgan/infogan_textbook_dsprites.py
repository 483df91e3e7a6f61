# The textbook InfoGAN: no encoder, r = z.
_base_ = ['./ibgan_dsprites.py']
model = dict(encoder=None, reconstructor=dict(z_dim=10), kl_loss=None)
