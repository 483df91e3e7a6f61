# MPI3D (real, complex shapes), written by tools/prepare_data.py mpi3d_complex; evaluated by its seven true factors.
_base_ = ['./shapes3d.py']
dataset = dict(path='data/mpi3d/mpi3d_complex.lmdb')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
