# AnnealedVAE on dSprites: a capacity of 0 to 25 nats over 100,000 iterations. The study: to 5, 10, 25, 50, 75, 100.
_base_ = [
    '../_base_/models/vae.py', '../_base_/datasets/dsprites.py', '../_base_/schedules/vae.py', '../_base_/default_runtime.py'
]
model = dict(
    encoder=dict(in_channels=_base_.image_channels),
    decoder=dict(out_channels=_base_.image_channels),
    regulariser=dict(_delete_=True, type='ibgan_plugin.CapacityRegulariser', capacity=0.0, gamma=1000.0))
default_hooks = dict(
    capacity=dict(type='ibgan_plugin.ScheduleHook', field='regulariser.capacity', points=[(0, 0.0), (100_000, 25.0)]))
