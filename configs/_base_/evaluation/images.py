# Scores at the end of a training, by whatever network is there; fid.py has the published protocol for tools/test.py.
_base_ = ['./fid.py']
val_cfg = dict(type='ibgan_plugin.GenerationValLoop', num_fakes=5000, batch_size=100, seed=0)
val_evaluator = dict(
    type='ibgan_plugin.ImageMetric',
    protocol='5,000 images by what is there',
    extractor=dict(type='ibgan_plugin.available_extractor', path='data/inception/pt_inception-2015-12-05-6726825d.pth'),
    scores=dict(fd=dict()))
