# A plain GAN on the fast recipe's budget, networks and schedules: lambda = beta = 0. q gets no gradient of its own, only the trunk
# that it shares with D is trained: the codes it is scored by are random readings of what D sees.
_base_ = ['./ibgan_fast_dsprites.py']
model = dict(info_loss=dict(info_weight=0.0))
default_hooks = dict(beta=dict(points=[(0, 0.0)]))
