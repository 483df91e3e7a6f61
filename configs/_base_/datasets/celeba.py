# Written by tools/prepare_data.py celeba.
train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dict(type='ibgan_plugin.LMDBImages', path='data/celeba/celeba.lmdb'))
