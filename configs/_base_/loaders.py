# How every data set is read; each adds itself: dataset=...
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'))
test_dataloader = dict(
    batch_size=64,  # a CPU gains nothing from more, and blocks of the training's sizes keep its memory where it is
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'))
