# dSprites, drawn on first use; evaluated by its true factors.
_base_ = ['../loaders.py', '../evaluation/infogan_cr.py', '../evaluation/study.py']
image_channels = 1
dataset = dict(type='ibgan_plugin.DSprites', data_root='data/dsprites')
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_dataloader = {**_base_.test_dataloader, **test_dataloader}
