# Cars3D, written by tools/prepare_data.py cars3d; evaluated by its three true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/cars3d/cars3d.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
