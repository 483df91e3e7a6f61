# The study's optimiser: Adam at 1e-4 for 300,000 iterations.
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    autoencoder=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=300_000, val_interval=10_000)
