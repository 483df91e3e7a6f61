# InfoGAN on the fast recipe's budget, networks and schedules: IB-GAN with beta = 0.
_base_ = ['./ibgan_fast_dsprites.py']
default_hooks = dict(beta=dict(points=[(0, 0.0)]))
