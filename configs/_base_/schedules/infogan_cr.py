# The published optimisers: Adam with beta1 0.5, D and H twice as fast as G; 28 epochs of dSprites. H joins for the last three.
adam = dict(type='Adam', betas=(0.5, 0.999))
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(lr=1e-3, **adam)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(lr=2e-3, **adam)),
    contrastive=dict(type='OptimWrapper', optimizer=dict(lr=2e-3, **adam)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=322_560, val_interval=10_000)
