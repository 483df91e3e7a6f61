# MPI3D (real), written by tools/prepare_data.py mpi3d_real; evaluated by its seven true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/mpi3d/mpi3d_real.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
