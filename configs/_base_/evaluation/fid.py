# FID and KID of 50,000 generated images against all the images of the data set. InceptionV3's weights are not downloaded:
# docs/metrics.md says where they are from.
test_cfg = dict(type='ibgan_plugin.GenerationTestLoop', num_fakes=50_000, batch_size=100, seed=0)
test_evaluator = dict(
    type='ibgan_plugin.ImageMetric',
    protocol='fid50k_full',
    extractor=dict(type='ibgan_plugin.InceptionV3Extractor', path='data/inception/pt_inception-2015-12-05-6726825d.pth'),
    scores=dict(fid=dict(), kid=dict(num_subsets=100, subset_size=1000, estimator='torch_fidelity', seed=0)),
    max_rows=10_000,
    cache_dir='data/reference_statistics')
