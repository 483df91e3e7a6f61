# Written by tools/prepare_data.py celeba; evaluated by generated images.
_base_ = ['../evaluation/fid.py']
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/celeba/celeba.lmdb')
train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=100,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
