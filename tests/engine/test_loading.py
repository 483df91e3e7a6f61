"""What is wrong in a checkpoint is refused in one line, whatever loads it."""
import pytest
import torch

from ibgan_plugin.engine.checkpoints import CheckpointError
from tests.conftest import model_cfg
from tests.engine.runs import make_runner

KEY = 'generator.project.0.weight'
BUFFER = 'generator.project.1.running_mean'


@pytest.fixture(scope='module')
def content(tmp_path_factory):
    """What a run of two iterations saved."""
    folder = tmp_path_factory.mktemp('saved')
    make_runner(folder, max_iters=2).train()
    return folder / 'iter_2.pth'


def changed(content, tmp_path, change):
    checkpoint = torch.load(content, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'iter_2.pth')
    return str(tmp_path / 'iter_2.pth')


def weights(value, key=KEY):
    """A change of one weight to ``value(weight)``."""

    def change(checkpoint):
        checkpoint['state_dict'][key] = value(checkpoint['state_dict'][key])

    return change


def without(key):
    return lambda checkpoint: checkpoint.pop(key)


def meta(**values):
    return lambda checkpoint: checkpoint['meta'].update(values)


def state(field, value):
    """A change of an optimiser's state of its first parameter."""
    return lambda checkpoint: checkpoint['optimizer']['generator']['state'][0].update({field: value})


BAD_WEIGHTS = [
    (weights(lambda w: w.to_sparse()), 'is torch.sparse_coo in it, but dense in the model'),
    (weights(lambda w: w.to('meta')), r'is without values \(meta\) in it'),
    (weights(lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)), 'is quantised in it'),
    (weights(lambda w: w.to(torch.complex64)), r'is of torch\.complex64 in it, but of torch\.float32'),
    (weights(lambda w: w > 0), r'is of torch\.bool in it'),
    (weights(lambda w: w * float('nan')), 'holds NaN or infinity'),
    (weights(lambda w: w / 0, BUFFER), 'holds NaN or infinity'),
    (weights(lambda w: w[:1]), r'has shape \(1, \d+.*\) in it, but'),
    (weights(lambda w: w.tolist()), 'is a list in it, but a tensor'),
    (weights(lambda w: w.float(), 'generator.project.1.num_batches_tracked'), r'is of torch\.float32 in it, but of torch\.int64'),
    (lambda checkpoint: checkpoint['state_dict'].pop(KEY), f"it lacks '{KEY}'"),
    (lambda checkpoint: checkpoint['state_dict'].clear(), 'it lacks .* more'),
    (lambda checkpoint: checkpoint['state_dict'].update(extra=torch.ones(1)), "it has, beyond the model, 'extra'"),
]


@pytest.mark.parametrize(('change', 'message'), BAD_WEIGHTS)
@pytest.mark.parametrize('how', ['resume', 'load_from', 'init_cfg'])
def test_weights_that_do_not_fit(content, tmp_path, how, change, message):
    path = changed(content, tmp_path, change)
    options = dict(model=model_cfg(init_cfg=dict(type='Pretrained', checkpoint=path))) if how == 'init_cfg' else dict(
        load_from=path, resume=how == 'resume')
    runner = make_runner(tmp_path / 'run', max_iters=4, **options)
    with pytest.raises(CheckpointError, match=rf'iter_2\.pth does not fit the config: .*{message}'):
        runner.train()
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize(('change', 'message'), [
    (without('optimizer'), 'can not be resumed from, since it holds no optimizer: --load-from starts'),
    (without('meta'), 'holds no meta'),
    (without('message_hub'), 'holds no message_hub'),
    (lambda checkpoint: [checkpoint.pop(key) for key in list(checkpoint) if key != 'state_dict'],
     'holds no optimizer and no message_hub and no meta'),
    (meta(iter=-1), r'its meta\.iter must be a count, got -1'),
    (meta(iter=2.5), r'its meta\.iter must be a count, got 2\.5'),
    (meta(iter=True), r'its meta\.iter must be a count, got True'),
    (meta(epoch=None), r'its meta\.epoch must be a count, got None'),
    (meta(iter=10**30), r'is of iteration 1,000,.*, beyond train_cfg\.max_iters = 4'),
    (lambda checkpoint: checkpoint['optimizer'].pop('generator'), 'it has optimisers discriminator, the config has'),
    (lambda checkpoint: checkpoint['optimizer']['generator'].pop('state'), r'optimizer\.generator is no state of an optimiser'),
    (lambda checkpoint: checkpoint['optimizer']['generator']['param_groups'][0]['params'].pop(), r'has groups of \[\d+\] param'),
    (state('square_avg', torch.ones(1, 2, 3)), r'state\[0\]\.square_avg has shape \(1, 2, 3\)'),
    (state('step', torch.tensor(float('nan'))), r'state\[0\]\.step holds NaN'),
    (lambda checkpoint: checkpoint['message_hub']['log_scalars'].update(x=3), 'its message_hub is not as this package writes it'),
])
def test_what_can_not_be_resumed_from(content, tmp_path, change, message):
    runner = make_runner(tmp_path / 'run', max_iters=4, load_from=changed(content, tmp_path, change), resume=True)
    with pytest.raises(CheckpointError, match=rf'iter_2\.pth.*{message}'):
        runner.train()


def test_code_in_the_config_of_a_checkpoint_is_not_run(content, tmp_path):
    """MMEngine's own ``resume`` executes ``meta['config']``."""
    code = f"open({str(tmp_path / 'marker')!r}, 'w').close()\nmodel = __import__('os')"
    path = changed(content, tmp_path, meta(config=code, cfg=code))
    make_runner(tmp_path / 'run', max_iters=4, load_from=path, resume=True).train()
    assert not (tmp_path / 'marker').exists()


def test_weights_of_another_precision_fit_and_leave_the_models_own(content, tmp_path):
    path = changed(content, tmp_path, weights(lambda w: w.double()))
    runner = make_runner(tmp_path / 'run', max_iters=2, load_from=path)
    runner.load_checkpoint(path)
    assert runner.model.state_dict()[KEY].dtype == torch.float32
    assert torch.equal(runner.model.state_dict()[KEY], torch.load(content, weights_only=True)['state_dict'][KEY])


def test_nothing_is_downloaded(tmp_path):
    with pytest.raises(CheckpointError, match='is no local file, and nothing is downloaded'):
        make_runner(tmp_path, max_iters=2, load_from='https://example.org/iter_2.pth').train()


def test_another_number_of_processes_is_said(content, tmp_path):
    path = changed(content, tmp_path, meta(world_size=2))
    make_runner(tmp_path / 'run', max_iters=4, load_from=path, resume=True).train()
    log, = (tmp_path / 'run').glob('*/*.log')
    assert 'From here on: the number of processes has changed from 2 to 1' in log.read_text()


def test_a_resumed_run_takes_the_threads_it_had_unless_the_user_says_otherwise(content, tmp_path, monkeypatch):
    before = torch.get_num_threads()
    path = changed(content, tmp_path, meta(threads=before + 1))
    try:
        make_runner(tmp_path / 'set', max_iters=4, load_from=path, resume=True).train()
        assert torch.get_num_threads() == before
        log, = (tmp_path / 'set').glob('*/*.log')
        said = f'From here on: the number of threads, which moves last bits, has changed from {before + 1} to {before}'
        assert said in log.read_text()
        monkeypatch.setenv('IBGAN_CHOSE_THREADS', 'by load')
        monkeypatch.setattr('ibgan_plugin.utils.threads.allowed_cores', lambda: before + 1)
        make_runner(tmp_path / 'chosen', max_iters=4, load_from=path, resume=True).train()
        assert torch.get_num_threads() == before + 1
        log, = (tmp_path / 'chosen').glob('*/*.log')
        assert 'number of threads' not in log.read_text()
        saved = torch.load(tmp_path / 'chosen' / 'iter_4.pth', weights_only=True)
        assert saved['meta']['threads'] == before + 1
    finally:
        torch.set_num_threads(before)
