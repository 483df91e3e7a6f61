# The small networks of ibgan_spectral.py with a G of which two codes say where and eight say what: position has room in two codes
# only, one along each side of the image. That is built in; size, shape and the rest have to be found (docs/recipes.md).
_base_ = ['./ibgan_spectral.py']
model = dict(
    encoder=dict(initial_logvar=-2.0),  # from 0, r is hardly more than noise, and with some seeds q never reads it
    generator=dict(
        _delete_=True,
        type='ibgan_plugin.LayoutGenerator',
        r_dim=10,
        out_channels=1,
        base_channels=16,
        num_cosines=4,
        image_size=64))
