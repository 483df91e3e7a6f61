import sys

import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import OnnxExtractor
from tests.evaluation.stand_ins import Tiny, pictures


def save_onnx(path):
    """:class:`Tiny` without its logits, node by node: no exporter is needed."""
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    helper, network = onnx.helper, Tiny()
    arrays = {'scale': torch.tensor(1 / 127.5), 'one': torch.tensor(1.0), 'weight': network.conv.weight, 'bias': network.conv.bias}
    nodes = [helper.make_node('Mul', ['imgs', 'scale'], ['a']), helper.make_node('Sub', ['a', 'one'], ['b']),
             helper.make_node('Conv', ['b', 'weight', 'bias'], ['c'], strides=[4, 4]), helper.make_node('Relu', ['c'], ['d']),
             helper.make_node('GlobalAveragePool', ['d'], ['features'])]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, 'tiny', [info('imgs', onnx.TensorProto.FLOAT, ['n', 3, None, None])],
                              [info('features', onnx.TensorProto.FLOAT, None)],
                              [onnx.numpy_helper.from_array(value.detach().numpy(), name) for name, value in arrays.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8), path)
    return path


def test_features_are_those_of_the_network(tmp_path):
    imgs = pictures(4)
    extractor = OnnxExtractor(save_onnx(tmp_path / 'tiny.onnx'))
    features, logits = extractor(imgs)
    torch.testing.assert_close(features, Tiny()(imgs.float()).detach())
    assert logits is None
    assert extractor.fingerprint != OnnxExtractor(tmp_path / 'tiny.onnx', mean=1).fingerprint


def test_missing_or_other_file(tmp_path):
    with pytest.raises(ValueError, match=r'OnnxExtractor: there is no file nowhere\.onnx; nothing is downloaded'):
        OnnxExtractor('nowhere.onnx')
    pytest.importorskip('onnxruntime')
    (tmp_path / 'text.onnx').write_text('hello')
    with pytest.raises(ValueError, match=r'text\.onnx is no ONNX file'):
        OnnxExtractor(tmp_path / 'text.onnx')


def test_missing_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)  # what makes an import fail
    (tmp_path / 'any.onnx').write_text('')
    with pytest.raises(ValueError, match=r"OnnxExtractor needs the package onnxruntime: pip install 'ibgan_plugin\[onnx\]'"):
        OnnxExtractor(tmp_path / 'any.onnx')
