import importlib.util
import sys

import pytest
import torch
from mmengine.registry import MODELS

import ibgan_plugin.apis.export
from ibgan_plugin.apis.export import FORMATS, export, part_of, run_onnx, run_torchscript
from tests.conftest import batch, model_cfg, snapshot, trunk_cfg
from tools import export as tool

MISSING = [name for name in ('onnx', 'onnxscript', 'onnxruntime') if importlib.util.find_spec(name) is None]
needs_onnx = pytest.mark.skipif(bool(MISSING), reason=f"pip install 'ibgan_plugin[onnx]': no {', '.join(MISSING)}")


@pytest.fixture(scope='module', params=[model_cfg, trunk_cfg], ids=['separate', 'trunk'])
def model(request):
    """In training mode, with BatchNorm statistics of its own, to show a forgotten eval()."""
    torch.manual_seed(0)
    model = MODELS.build(request.param())
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.train()


def expected(model, name, inputs):
    """What the parts compute, by the model's own methods."""
    model.eval()
    with torch.no_grad():
        if name == 'generator':
            outputs = (model.generate(r=inputs), )
        elif name == 'encoder':
            outputs = model.posterior(inputs)
        elif name == 'representation':
            outputs = (model.encode(inputs), )
        else:
            outputs = (model.reconstructor(model._features(inputs)), )
    model.train()
    return outputs


def check(model, name, file_format, run, path):
    before = snapshot(model)
    difference = export(model, name, file_format, path)
    assert difference is not None and difference < 1e-5
    assert model.training and all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    for num in (1, 7):  # sizes that the exporter did not see
        inputs = torch.rand(num, *part_of(model, name).inputs.shape[1:]) * 2 - 1
        for ours, theirs in zip(expected(model, name, inputs), run(path, inputs), strict=True):
            torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('name', ['generator', 'encoder', 'reconstructor', 'representation'])
def test_torchscript_computes_what_the_model_does(model, name, tmp_path):
    check(model, name, 'torchscript', run_torchscript, tmp_path / 'part.pt')


def test_a_full_disk_is_an_error_and_leaves_no_file(tmp_path):
    resource = pytest.importorskip('resource', reason='limits the size of files')
    model = MODELS.build(model_cfg())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r'could not write .*part\.pt \('):
            export(model, 'generator', 'torchscript', tmp_path / 'part.pt')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


@needs_onnx
@pytest.mark.parametrize('name', ['generator', 'representation'])
def test_onnx_computes_what_the_model_does(model, name, tmp_path):
    check(model, name, 'onnx', run_onnx, tmp_path / 'part.onnx')


@needs_onnx
def test_onnx_names_its_ends_and_leaves_the_batch_free(tmp_path):
    import onnx
    check(MODELS.build(model_cfg()).train(), 'encoder', 'onnx', run_onnx, tmp_path / 'encoder.onnx')
    graph = onnx.load(tmp_path / 'encoder.onnx').graph
    assert [value.name for value in graph.input] == ['z'] and [value.name for value in graph.output] == ['mu', 'logvar']
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'N'


def test_without_an_encoder_the_representation_is_q(tmp_path):
    cfg = model_cfg(encoder=None, kl_loss=None)
    cfg['reconstructor']['z_dim'] = 4
    check(MODELS.build(cfg).train(), 'representation', 'torchscript', run_torchscript, tmp_path / 'part.pt')


@pytest.mark.parametrize(('file_format', 'reader'), [pytest.param('onnx', 'OnnxExtractor', marks=needs_onnx),
                                                   ('torchscript', 'TorchScriptExtractor')])
def test_the_image_metrics_read_what_is_exported(tmp_path, file_format, reader):
    model = MODELS.build(model_cfg())
    path = tmp_path / f'representation{FORMATS[file_format][0]}'
    export(model, 'representation', file_format, path)
    extractor = MODELS.build(dict(type=f'ibgan_plugin.{reader}', path=path, channels=1,
                                  image_size=16, mean=127.5, std=127.5))
    imgs = batch(3)['inputs']
    torch.testing.assert_close(extractor.extract(imgs).features, model.eval().encode(imgs / 127.5 - 1), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(('name', 'file_format', 'message'), [
    ('discriminator', 'onnx', "part must be one that this IBGAN has, generator, got 'discriminator'"),
    ('generator', 'tflite', r"format must be one of \('onnx', 'torchscript'\), got 'tflite'"),
    ('encoder', 'torchscript', "part must be one that this IBGAN has, generator, got 'encoder'"),
    ('representation', 'torchscript', "part must be one that this IBGAN has, generator, got 'representation'"),
])
def test_mistakes(tmp_path, name, file_format, message):
    model = MODELS.build(model_cfg(encoder=None, reconstructor=None, info_loss=None, kl_loss=None))
    with pytest.raises(ValueError, match=message):
        export(model, name, file_format, tmp_path / ('part.onnx' if file_format == 'onnx' else 'part.pt'))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name', ['generator', 'encoder', 'reconstructor', 'representation'])
def test_a_torchscript_file_takes_inputs_of_its_shape_alone(tmp_path, name):
    model = MODELS.build(model_cfg())
    export(model, name, 'torchscript', tmp_path / 'part.pt')
    shape = part_of(model, name).inputs.shape[1:]
    for other in ((3, *(2 * size for size in shape)), (3, *shape, 1)):
        with pytest.raises(Exception, match=rf'inputs must have shape N x \[{", ".join(map(str, shape))}\], got'):
            run_torchscript(tmp_path / 'part.pt', torch.zeros(other))


@pytest.mark.parametrize(('file_format', 'name'), [('onnx', 'g.pth'), ('torchscript', 'g.onnx'), ('onnx', 'g'), ('onnx', 'g.pt')])
def test_a_file_is_called_as_its_format_is(tmp_path, monkeypatch, capsys, file_format, name):
    (tmp_path / 'small.py').write_text(f'model = {model_cfg()!r}\n')
    monkeypatch.chdir(tmp_path)
    assert tool.main(['small.py', 'none.pth', '--part', 'generator', '--format', file_format, '--out', name]) == 2
    error, = capsys.readouterr().err.splitlines()
    assert error.startswith(f'error: a file of format {file_format} must end in .') and error.endswith(f", got '{name}'")
    assert not (tmp_path / name).exists()


def test_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package onnx: pip install 'ibgan_plugin\[onnx\]'"):
        export(MODELS.build(model_cfg()), 'generator', 'onnx', tmp_path / 'part.onnx')


def test_a_file_that_computes_something_else_is_not_kept(monkeypatch, tmp_path):
    nan = torch.full((5, 1, 16, 16), float('nan'))
    monkeypatch.setattr(ibgan_plugin.apis.export, 'run_torchscript', lambda path, inputs: [nan])
    with pytest.raises(ValueError, match='the exported file differs from the model by nan'):
        export(MODELS.build(model_cfg()), 'generator', 'torchscript', tmp_path / 'part.pt')
    assert not list(tmp_path.iterdir())


def test_tool(monkeypatch, capsys, tmp_path):
    (tmp_path / 'small.py').write_text(f'model = {model_cfg()!r}\n')
    torch.save(dict(state_dict=MODELS.build(model_cfg()).state_dict()), tmp_path / 'iter_1.pth')
    monkeypatch.chdir(tmp_path)
    options = ['small.py', 'iter_1.pth', '--part', 'generator', '--format', 'torchscript', '--out', 'out/generator.pt']
    monkeypatch.setattr(sys, 'argv', ['export.py', *options])
    tool.main()
    assert capsys.readouterr().out.startswith('out/generator.pt (differs from the model by at most ')
    assert run_torchscript('out/generator.pt', torch.zeros(3, 4))[0].shape == (3, 1, 16, 16)
    monkeypatch.setattr(sys, 'argv', ['export.py', *options, '--cfg-options', 'model.encoder=None', 'model.kl_loss=None'])
    assert tool.main() == 2
    assert capsys.readouterr().err.startswith('error: ')
