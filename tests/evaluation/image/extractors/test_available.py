import pytest

from ibgan_plugin.evaluation.image.extractors import ThumbnailExtractor, available
from ibgan_plugin.evaluation.image.extractors.available import available_extractor


@pytest.mark.parametrize(('content', 'reason'), [(None, 'there is no '), (b'no network', 'has the SHA-256')])
def test_without_a_file_that_can_be_used_thumbnails_serve_and_the_log_says_why(tmp_path, monkeypatch, content, reason):
    path, said = tmp_path / 'inception.pth', []
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(available, 'print_log', lambda text, *_: said.append(text))
    assert isinstance(available_extractor(path), ThumbnailExtractor)
    assert len(said) == 1 and 'compared as thumbnails' in said[0] and reason in said[0] and str(path) in said[0]
