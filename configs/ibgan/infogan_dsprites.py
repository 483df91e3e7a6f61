# InfoGAN with a stochastic representation: IB-GAN with beta = 0.
_base_ = ['./ibgan_dsprites.py']
model = dict(kl_loss=dict(beta=0.0))
