# Images of one's own, written by tools/prepare_data.py folder; scored by their factors where it was given --factors.
# Another place: --cfg-options train_dataloader.dataset.path=FILE test_dataloader.dataset.path=FILE
_base_ = ['../evaluation/study.py']
image_channels = 3
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/photos/photos.lmdb')
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
