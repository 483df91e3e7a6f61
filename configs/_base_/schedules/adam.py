# Adam without momentum, G and D at one rate: with momentum 0.5 and a D twice as fast, D wins the first five hundred iterations now
# and then, and G comes back with few kinds of images (docs/recipes.md).
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.0, 0.99), fused=True)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.0, 0.99), fused=True)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=10_000, val_interval=10_000)
