# InfoGAN (modified) of the same paper: InfoGAN-CR before H joins.
_base_ = ['./infogan_cr_dsprites.py']
train_cfg = dict(max_iters=288_000)
default_hooks = dict(contrastive=None)
