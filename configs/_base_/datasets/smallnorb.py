# SmallNORB, written by tools/prepare_data.py smallnorb; evaluated by its five true factors.
_base_ = ['./shapes3d.py']
image_channels = 1
dataset = dict(path='data/smallnorb/smallnorb.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
