# dSprites, drawn on first use; evaluated by its true factors.
dataset = dict(type='ibgan_plugin.DSprites', data_root='data/dsprites')
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=512,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
val_dataloader = test_dataloader
val_cfg = dict(type='ibgan_plugin.CodesValLoop')
test_cfg = dict(type='ibgan_plugin.CodesTestLoop')
# While training, the cheap protocol of InfoGAN-CR (500 votes of 100 images, scored on themselves) ...
val_evaluator = [dict(
    type='ibgan_plugin.DisentanglementMetric',
    protocol='infogan_cr',
    metrics=dict(factor_vae=dict(num_train=500, num_eval=0, batch_size=100, num_variance_estimate=10000, prune_threshold=0.05)),
    seeds=(0, ))]
# ... and in tools/test.py that of the large-scale study.
test_evaluator = [dict(
    type='ibgan_plugin.DisentanglementMetric',
    protocol='study',
    metrics=dict(factor_vae=dict(num_train=10000, num_eval=5000, batch_size=64, num_variance_estimate=10000, prune_threshold=0.05)),
    seeds=(0, ))]
