# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The first hour
#
# A model's representation: look at it, encode with it, score it, and train one of your own. Run it cell by cell in an editor that
# knows the percent format, turn it into a notebook (`jupytext --to ipynb examples/first_hour.py`), or run it whole from the top of
# the checkout: `python examples/first_hour.py`. All it makes lies in `work_dirs/first_hour/`.

# %%
import os
from pathlib import Path

import numpy as np

import ibgan_plugin
from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.apis.dataset import ShownData
from ibgan_plugin.apis.output import write_interpolation, write_traversal
from ibgan_plugin.config.load import read_config
from ibgan_plugin.config.zoo import entries, find_model
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.evaluation.disentanglement.mig import mig_score
from ibgan_plugin.visualization import image_grid, write_png

ROOT = Path(ibgan_plugin.__file__).resolve().parents[1]
place = Path('work_dirs/first_hour')
place.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Train: an own config
#
# A config inherits from others and says what differs. 200 iterations are half a minute or so: enough to see that everything
# works, far from enough for sprites, which take 2,000 (`configs/ibgan/ibgan_quick_dsprites.py`).

# %%
iterations = int(os.environ.get('FIRST_HOUR_ITERATIONS', 200))
config_file = place / 'mine.py'
config_file.write_text(f"""
_base_ = [{str(ROOT / 'configs/ibgan/ibgan_quick_dsprites.py')!r}]
train_cfg = dict(max_iters={iterations}, val_interval={iterations})
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(interval={iterations}), traversal=dict(interval={iterations}))
""")
runner = build_runner(load_run_config(config_file, str(place / 'mine'), overwrite=True))
runner.train()

# %% [markdown]
# In `work_dirs/first_hour/mine/` are now the checkpoint, pictures of the latent space, and what was logged. See it as curves
# with `python tools/analysis/plot_curves.py work_dirs/first_hour/mine`.
#
# ## Load a model
#
# The shipped one, by its name; where none is shipped, the one just trained.

# %%
shipped = next((name for name in sorted(entries()) if find_model(name).weights is not None), None)
if shipped:
    config, inferencer = read_config(shipped), IBGANInferencer(shipped)
else:
    config, inferencer = read_config(config_file), IBGANInferencer(config_file, place / f'mine/iter_{iterations}.pth')

# %% [markdown]
# ## Look
#
# Images are uint8 arrays. In a traversal each row varies one dimension of the representation r; rows are ordered by their KL,
# that is, by how much they say about the image.

# %%
write_png(place / 'samples.png', image_grid(inferencer.sample(64), 8))
traversal = inferencer.traverse(steps=9)
write_traversal(place / 'traversal.png', [traversal])
print('dimensions by KL:', [f'r{dim} {kl:.2f}' for dim, kl in zip(traversal.dims, traversal.kl, strict=True)])

# %% [markdown]
# ## Encode
#
# From images to representations, and on the straight line from one image to another.

# %%
data = ShownData.of(config)
images = [data.image(index) for index in (0, 400_000)]
codes = inferencer.encode(images)
print('codes:', codes.shape, codes.dtype)
write_interpolation(place / 'between.png', inferencer.interpolate(*images), inferencer.load(images))

# %% [markdown]
# ## Score
#
# dSprites has known factors, so it can be told which code follows which, and how exclusively: the mutual information gap. For
# numbers to report use `python tools/test.py`, which has the protocols of the literature.

# %%
factors = data.grid.sample_factors(2000, np.random.default_rng(0))
codes = inferencer.encode([data.image_of(row) for row in factors])
print(f'mutual information gap: {mig_score(codes, factors, num_bins=20):.3f}')
information = data.information(inferencer.model)
for dim in traversal.dims[:5]:
    print(f'r{dim} follows {information.followed(dim)}')

# %% [markdown]
# ## Where next
#
# - Move the dimensions by hand: `python tools/explore.py work_dirs/first_hour/mine`
# - All of a run on one page: `python tools/report.py work_dirs/first_hour/mine --out report.html`
# - Your own data and your own model: `docs/`
