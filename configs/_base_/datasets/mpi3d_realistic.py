# MPI3D (realistic), written by tools/prepare_data.py mpi3d_realistic; evaluated by its seven true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/mpi3d/mpi3d_realistic.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
