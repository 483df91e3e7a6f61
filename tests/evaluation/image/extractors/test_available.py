import pytest

from ibgan_plugin.evaluation.image.extractors import ThumbnailExtractor
from ibgan_plugin.evaluation.image.extractors.available import available_extractor


@pytest.mark.parametrize(('content', 'reason'), [(None, 'there is no '), (b'no network', 'has the SHA-256')])
def test_without_a_file_that_can_be_used_thumbnails_serve_and_the_log_says_why(tmp_path, capfd, content, reason):
    path = tmp_path / 'inception.pth'
    if content is not None:
        path.write_bytes(content)
    assert isinstance(available_extractor(path), ThumbnailExtractor)
    said = ''.join(capfd.readouterr())
    assert 'compared as thumbnails' in said and reason in said and str(path) in said
