# Adam for both sides, D (with trunk and q) at twice the rate of G and the encoder (as InfoGAN-CR).
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.999), fused=True)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999), fused=True)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=10_000, val_interval=10_000)
