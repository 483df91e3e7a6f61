# Colour dSprites: each of R, G and B takes one of 8 levels, drawn per image. Evaluated by the five factors of dSprites.
_base_ = ['./dsprites.py']
image_channels = 3
dataset = dict(type='ibgan_plugin.ColorDSprites', data_root='data/dsprites')
train_dataloader = dict(dataset=dict(_delete_=True, **dataset))
val_dataloader = dict(dataset=dict(_delete_=True, **dataset))
test_dataloader = dict(dataset=dict(_delete_=True, **dataset))
