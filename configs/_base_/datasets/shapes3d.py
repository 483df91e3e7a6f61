# Shapes3D, written by tools/prepare_data.py shapes3d; evaluated by its six true factors.
_base_ = ['../loaders.py', '../evaluation/infogan_cr.py', '../evaluation/study.py']
image_channels = 3
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/shapes3d/shapes3d.lmdb')
train_dataloader = dict(num_workers=2, persistent_workers=True, dataset=dataset)  # PNG takes longer to decode than dSprites
test_dataloader = dict(num_workers=2, dataset=dataset)
val_dataloader = {**_base_.test_dataloader, **test_dataloader}
