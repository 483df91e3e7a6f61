# IB-GAN on colour images of one's own at 64x64 (docs/own_data.md): small networks with spectral norm, and a beta that waits until q
# reads something, so that a CPU gives a first result. Nothing is tuned: beta and lambda are what to look for.
_base_ = [
    '../_base_/models/ibgan_spectral.py', '../_base_/datasets/folder.py', '../_base_/schedules/adam.py',
    '../_base_/default_runtime.py'
]
model = dict(encoder=dict(initial_logvar=-2.0), generator=dict(out_channels=3), trunk=dict(in_channels=3))
train_cfg = dict(_delete_=True, type='ibgan_plugin.ResumableTrainLoop', max_iters=20_000)
default_hooks = dict(
    checkpoint=dict(interval=1000),
    traversal=dict(interval=1000),
    beta=dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(500, 0.0), (1300, 0.04)]))
