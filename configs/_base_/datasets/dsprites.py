# dSprites, drawn on first use; evaluated by its true factors.
_base_ = ['../evaluation/infogan_cr.py', '../evaluation/study.py']
image_channels = 1
dataset = dict(type='ibgan_plugin.DSprites', data_root='data/dsprites')
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
test_dataloader = dict(
    batch_size=64,  # a CPU gains nothing from more, and blocks of the training's sizes keep its memory where it is
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='ibgan_plugin.batched_collate'),
    dataset=dataset)
val_dataloader = test_dataloader
