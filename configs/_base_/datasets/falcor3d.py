# Falcor3D, written by tools/prepare_data.py falcor3d; evaluated by its seven true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/falcor3d/falcor3d.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
