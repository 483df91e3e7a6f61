import subprocess
import sys
import zipfile

import pytest
import torch

from ibgan_plugin.registry import MODELS
from tests.evaluation.stand_ins import Tiny, pictures, save_tiny


def build(path, **options):
    return MODELS.build({'type': 'ibgan_plugin.TorchScriptExtractor', 'path': path, **options})


def test_features_are_those_of_the_network(tmp_path):
    imgs = pictures(4)
    features, logits = build(save_tiny(tmp_path / 'tiny.pt'))(imgs)
    torch.testing.assert_close(features, Tiny()(imgs.float()))
    assert logits is None and not features.requires_grad


def test_pair_gives_logits_and_numbers_are_normalised(tmp_path):
    imgs = pictures(4)
    features, logits = build(save_tiny(tmp_path / 'tiny.pt', logits=True), mean=(1, 2, 3), std=(2, 2, 2))(imgs)
    expected = Tiny(logits=True)((imgs.float() - torch.tensor([1.0, 2, 3]).reshape(3, 1, 1)) / 2)
    torch.testing.assert_close((features, logits), expected)


def test_fingerprint_follows_weights_and_settings(tmp_path):
    paths = [save_tiny(tmp_path / f'{seed}.pt', seed=seed) for seed in (0, 1)]
    prints = [build(paths[0]).fingerprint, build(paths[1]).fingerprint, build(paths[0], std=2).fingerprint,
              build(paths[0], image_size=8).fingerprint]
    assert all(prints[0] != other for other in prints[1:])
    assert build(paths[0]).fingerprint == prints[0]


def test_missing_or_other_file(tmp_path):
    with pytest.raises(ValueError, match=r'TorchScriptExtractor: there is no file nowhere\.pt; nothing is downloaded'):
        build('nowhere.pt')
    (tmp_path / 'text.pt').write_text('hello')
    with pytest.raises(ValueError, match=r'text\.pt is no TorchScript file'):
        build(tmp_path / 'text.pt')


def test_images_that_the_script_can_not_take(tmp_path):
    extractor = build(save_tiny(tmp_path / 'tiny.pt', channels=1))
    with pytest.raises(ValueError, match=r'can not take images of shape \[4, 3, 16, 16\], see channels and image_size: Runtime'):
        extractor(pictures(4, channels=1))
    assert build(tmp_path / 'tiny.pt', channels=1)(pictures(4, channels=1)).features.shape == (4, 8)


SOURCES = {
    'reads': "y = torch.from_file(self.name, None, 3)",
    'reads by its full name': "y = ops.aten.from_file(self.name, None, 3)",
    'writes': "torch.save(imgs, self.name)",
    'writes, spaced': "torch . save (imgs, self.name)",
    'other library': "y = ops.image.read_file(self.name)",
    'unknown operators': "y = ops.mine.run(self.name)",
}


@pytest.mark.parametrize('line', SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize('method', ['forward', '__setstate__', 'unused'])
def test_code_that_could_touch_files_is_refused_before_it_runs(tmp_path, line, method):
    """The archive's code, as PyTorch writes it, with one line more, in a method that runs, runs when loaded, or never."""
    save_tiny(tmp_path / 'tiny.pt')
    with zipfile.ZipFile(tmp_path / 'tiny.pt') as good, zipfile.ZipFile(tmp_path / 'bad.pt', 'w') as bad:
        for member in good.infolist():
            content = good.read(member)
            if b'class Tiny' in content:
                content += f'  def {method}(self, imgs: Tensor) -> Tensor:\n    {line}\n    return imgs\n'.encode()
            bad.writestr(member.filename, content)
    with pytest.raises(ValueError, match=r'TorchScriptExtractor: .*bad\.pt is refused: its code uses '):
        build(tmp_path / 'bad.pt')


class Endless(torch.nn.Module):
    def forward(self, imgs: torch.Tensor) -> torch.Tensor:
        while bool(imgs.isfinite().all()):
            imgs = imgs * 0.5
        return imgs


def test_a_batch_that_never_ends_ends_the_process(tmp_path):
    torch.jit.save(torch.jit.script(Endless()), tmp_path / 'endless.pt')
    code = ('import sys, torch\nfrom ibgan_plugin.evaluation.image.extractors import TorchScriptExtractor\n'
            'TorchScriptExtractor(sys.argv[1], time_limit=1)(torch.zeros(2, 3, 4, 4, dtype=torch.uint8))')
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path / 'endless.pt')], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert 'Timeout (0:00:01)!' in done.stderr and 'torchscript.py' in done.stderr


class Broken(torch.nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, imgs: torch.Tensor) -> torch.Tensor:
        features = imgs.mean((2, 3))
        features[2, 1] = self.value
        return features


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_features_that_are_not_finite_are_refused(tmp_path, value):
    torch.jit.save(torch.jit.script(Broken(value)), tmp_path / 'broken.pt')
    with pytest.raises(ValueError, match='TorchScriptExtractor: features of image 2 of the batch are not finite'):
        build(tmp_path / 'broken.pt')(pictures(4))
