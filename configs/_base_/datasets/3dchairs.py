# Written by tools/prepare_data.py 3dchairs; loaded and evaluated like CelebA.
_base_ = ['./celeba.py']
dataset = dict(path='data/3dchairs/3dchairs.lmdb')
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
