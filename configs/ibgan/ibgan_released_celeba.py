# The networks of the released code, whose D has one 3x3 convolution more than the paper's in ibgan_celeba.
_base_ = ['./ibgan_celeba.py']
model = dict(discriminator=dict(conv_multipliers=(4, 4)))
