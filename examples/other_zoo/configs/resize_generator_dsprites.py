# This package's generator, everything else of IB-GAN by prefix. Types without a prefix are this package's or MMEngine's.
default_scope = 'other_zoo'
model = dict(
    type='ibgan_plugin.IBGAN',
    generator=dict(type='ResizeGenerator', r_dim=10, channels=32),
    encoder=dict(type='ibgan_plugin.Encoder', z_dim=16, r_dim=10),
    discriminator=dict(type='ibgan_plugin.Discriminator', base_channels=16),
    reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=16, base_channels=16),
    adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='hinge'),
    info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0),
    kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.141),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dict(type='ibgan_plugin.DSprites', data_root='data/dsprites'))
optim_wrapper = dict(
    constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.99))),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-5, betas=(0.5, 0.99))))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=5000)
runner_type = 'ibgan_plugin.CheckedRunner'  # whose checkpoints are plain data
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    checkpoint=dict(type='CheckpointHook', interval=1000, by_epoch=False),
    instance_noise=dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=4000),
    mi_bounds=dict(type='ibgan_plugin.MIBoundsHook', interval=50),
    traversal=dict(type='ibgan_plugin.TraversalHook', interval=1000))
log_processor = dict(type='LogProcessor', by_epoch=False)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
work_dir = 'work_dirs/resize_generator_dsprites'
