import json

import pytest

from ibgan_plugin.utils.strict_json import write_json

NAN, INF = float('nan'), float('inf')


def refuse(word):
    raise AssertionError(f'{word} is no JSON')


@pytest.mark.parametrize(('content', 'expected'), [
    ({'mean': INF, 'std': 0.0}, {'mean': None, 'mean_reason': 'infinite', 'std': 0.0}),
    ({'fid': {'fid': -INF}}, {'fid': {'fid': None, 'fid_reason': 'minus infinite'}}),
    ({'per_seed': (0.5, NAN, INF)}, {'per_seed': [0.5, None, None], 'per_seed_reason': 'not a number at 1, infinite at 2'}),
    ([{'a': NAN}, 'NaN', True, None, 3], [{'a': None, 'a_reason': 'not a number'}, 'NaN', True, None, 3]),
    ({3: [[INF]]}, {'3': [[None]]}),
])
def test_null_with_the_reason_beside_it(tmp_path, content, expected):
    write_json(tmp_path / 'new/out.json', content)
    assert json.loads((tmp_path / 'new/out.json').read_text(), parse_constant=refuse) == expected
