# Shapes3D, written by tools/prepare_data.py shapes3d; evaluated by its six true factors.
_base_ = ['../evaluation/infogan_cr.py', '../evaluation/study.py']
image_channels = 3
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/shapes3d/shapes3d.lmdb')
train_dataloader = dict(
    batch_size=64,
    num_workers=2,  # PNG takes longer to decode than dSprites
    persistent_workers=True,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
val_dataloader = test_dataloader
