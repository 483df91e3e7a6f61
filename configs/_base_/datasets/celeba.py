# Written by tools/prepare_data.py celeba; evaluated by generated images.
_base_ = ['../loaders.py', '../evaluation/images.py']
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/celeba/celeba.lmdb')
train_dataloader = dict(num_workers=2, persistent_workers=True, dataset=dataset)
test_dataloader = dict(batch_size=100, num_workers=2, sampler=dict(round_up=False), dataset=dataset)
val_dataloader = dict(
    batch_size=100,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
