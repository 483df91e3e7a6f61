"""Files that hang, take the memory or lead elsewhere, and data that are cut off: the tools as a user runs them."""
import os
import zipfile

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from tests.conftest import model_cfg
from tests.datasets.hdf5_files import hdf5, link_to_a_file, stored_elsewhere, virtual
from tests.datasets.npz_files import header
from tests.datasets.stores import make
from tests.reliability.outcomes import error
from tests.reliability.training import CONFIG, Tool
from tools import evaluate_codes, infer, prepare_data


def refused(capsys, tool, *arguments) -> str:
    """The one line of an error, exit code 2."""
    assert tool.main([str(each) for each in arguments]) == 2
    return error(capsys.readouterr().err)


@pytest.mark.parametrize(('command', 'name'), [('shapes3d', 'it.h5'), ('mpi3d_real', 'it.npz'), ('folder', 'photos.zip')])
def test_preparing_does_not_wait_for_a_pipe(tmp_path, capsys, command, name):
    os.mkfifo(tmp_path / name)
    said = refused(capsys, prepare_data, command, tmp_path / name, '--out', tmp_path / 'out.lmdb')
    assert name in said and 'regular file' in said
    assert not (tmp_path / 'out.lmdb').exists()


@pytest.mark.parametrize('make_it', [link_to_a_file, stored_elsewhere, virtual])
def test_preparing_follows_no_hdf5_out_of_its_file(tmp_path, capsys, make_it):
    said = refused(capsys, prepare_data, 'shapes3d', hdf5(tmp_path / 'it.h5', make_it), '--out', tmp_path / 'out.lmdb')
    assert 'it.h5: images is ' in said
    assert not (tmp_path / 'out.lmdb').exists()


@pytest.mark.parametrize('shape', [(1 << 33, ), (1 << 31, 1 << 31), (1 << 20, 1 << 12)])
def test_codes_that_would_take_the_memory_are_not_unpacked(tmp_path, capsys, shape):
    with zipfile.ZipFile(tmp_path / 'codes.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('codes.npy', header(shape) + bytes(1 << 20))
        archive.writestr('factors.npy', header((3, 2)) + bytes(6))
    assert 'codes.npz' in refused(capsys, evaluate_codes, tmp_path / 'codes.npz')


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize(('change', 'message'), [
    (lambda weight: weight.to_sparse(), 'torch.sparse_coo'), (lambda weight: weight.to('meta'), 'meta'),
    (lambda weight: weight > 0, 'torch.bool'), (lambda weight: weight + 1j, 'torch.complex64'),
    (lambda weight: torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8), 'is quantised'),
    (lambda weight: weight / 0, 'NaN or infinity')])
def test_weights_that_are_none_are_not_taken_for_them(tmp_path, capsys, change, message):
    (tmp_path / 'small.py').write_text(f'model = {model_cfg()!r}\n')
    weights = MODELS.build(model_cfg()).state_dict()
    name = 'generator.project.0.weight'
    weights[name] = change(weights[name])
    torch.save(dict(state_dict=weights), tmp_path / 'spoilt.pth')
    said = refused(capsys, infer, 'sample', tmp_path / 'small.py', tmp_path / 'spoilt.pth', '--out', tmp_path / 'x.png')
    assert 'spoilt.pth' in said and message in said
    assert not (tmp_path / 'x.png').exists()


def test_images_that_are_cut_off_while_training_are_named_and_the_progress_is_kept(small, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (64, 64, 64, 1), dtype=np.uint8)
    path = make(tmp_path / 'images.lmdb', images, encoding='raw')
    (tmp_path / 'cutting.py').write_text(f'''
import os
from mmengine.hooks import Hook
from ibgan_plugin.registry import HOOKS

@HOOKS.register_module()
class Cutting(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == 3:
            os.truncate({str(path)!r}, 8192)
''')
    (tmp_path / 'cut.py').write_text(f"""_base_ = [{str(CONFIG)!r}]
custom_imports = dict(imports=['cutting'])
custom_hooks = [dict(type='ibgan_plugin.Cutting')]
train_dataloader = dict(dataset=dict(_delete_=True, type='ibgan_plugin.LMDBImages', path={str(path)!r}))
""")
    options = [word for word in small(train_cfg__max_iters=12) if not word.startswith('train_dataloader.dataset.')]
    environment = dict(EXTRA_PATH=str(tmp_path))
    status, text = Tool(tmp_path, 'train.py', 'cut.py', '--work-dir', 'run', *options, environment=environment).wait()
    assert status == 2
    said = error(text)
    assert 'images.lmdb was cut off' in said and '--resume' in said
    assert 'iter_3.pth' in sorted(file.name for file in (tmp_path / 'run').glob('*.pth'))
