# This package's autoencoder on ibgan_plugin's dSprites, with its runner, pictures and scores.
default_scope = 'other_zoo'
model = dict(type='Autoencoder', r_dim=10, data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))
dataset = dict(type='ibgan_plugin.DSprites', data_root='data/dsprites')
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=5000)
test_cfg = dict(type='ibgan_plugin.CodesTestLoop')
test_evaluator = dict(type='ibgan_plugin.DisentanglementMetric', protocol='study', scores=dict(factor_vae=dict(), mig=dict()))
runner_type = 'ibgan_plugin.CheckedRunner'
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    checkpoint=dict(type='CheckpointHook', interval=1000, by_epoch=False),
    health=dict(type='ibgan_plugin.HealthHook'),
    traversal=dict(type='ibgan_plugin.TraversalHook', interval=1000))
log_processor = dict(type='LogProcessor', by_epoch=False)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
work_dir = 'work_dirs/autoencoder_dsprites'
