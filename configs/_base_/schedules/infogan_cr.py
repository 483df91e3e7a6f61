# The published optimisers: Adam with beta1 0.5, D and H twice as fast as G; 28 epochs of dSprites. H joins for the last three.
_base_ = ['../default_runtime.py']
adam = dict(type='Adam', betas=(0.5, 0.999))
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(lr=1e-3, **adam)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(lr=2e-3, **adam)),
    contrastive=dict(type='OptimWrapper', optimizer=dict(lr=2e-3, **adam)))
train_cfg = dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=322_560, val_interval=10_000)
default_hooks = dict(
    contrastive=dict(type='ibgan_plugin.ScheduleHook', field='contrastive_loss.weight', points=[(287_999, 0.0), (288_000, 2.0)]))
