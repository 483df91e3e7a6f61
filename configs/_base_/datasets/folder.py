# Images of one's own, written by tools/prepare_data.py folder; scored by their factors where it was given --factors.
# Another place: --cfg-options train_dataloader.dataset.path=FILE test_dataloader.dataset.path=FILE
_base_ = ['../loaders.py', '../evaluation/study.py']
image_channels = 3
dataset = dict(type='ibgan_plugin.LMDBImages', path='data/photos/photos.lmdb')
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
