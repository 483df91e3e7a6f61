# Isaac3D, written by tools/prepare_data.py isaac3d; evaluated by its nine true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/isaac3d/isaac3d.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
