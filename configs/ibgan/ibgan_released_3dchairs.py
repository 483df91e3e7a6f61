# The networks of the released code and its README's command: D has one 3x3 convolution more than the paper's in ibgan_3dchairs,
# and D, q and their trunk are twice as wide.
_base_ = ['./ibgan_3dchairs.py']
model = dict(
    trunk=dict(base_channels=32),
    discriminator=dict(base_channels=32, conv_multipliers=(4, 4)),
    reconstructor=dict(base_channels=32))
