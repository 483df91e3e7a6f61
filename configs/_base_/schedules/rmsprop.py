# The published optimisers: RMSprop with momentum 0.9 for both sides, one step each an iteration, constant learning rates.
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='RMSprop', lr=5e-5, momentum=0.9)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='RMSprop', lr=1e-6, momentum=0.9)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=150_000, val_interval=10_000)
