import torch

from ibgan_plugin.models import Discriminator, Generator
from ibgan_plugin.ops import accelerate
from ibgan_plugin.ops.fast_path import on_eager_cpu


def test_only_eager_computation_on_a_cpu_in_full_precision():
    inputs = torch.zeros(1)
    assert on_eager_cpu(inputs)
    assert not on_eager_cpu(inputs.to('meta'))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert not on_eager_cpu(inputs)


def test_traces_hold_plain_convolutions():
    for network, inputs, count in ((Generator(r_dim=4, base_channels=4), torch.randn(2, 4), 5),
                                   (Discriminator(base_channels=4), torch.randn(2, 1, 64, 64), 4)):
        graph = str(torch.jit.trace(accelerate(network).eval(), inputs).inlined_graph)
        assert graph.count('aten::_convolution') == count
        assert 'PythonOp' not in graph
