"""Networks that turn images into the features which the image metrics compare."""
from ibgan_plugin.evaluation.image.extractors.available import available_extractor
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor
from ibgan_plugin.evaluation.image.extractors.inception import InceptionV3Extractor
from ibgan_plugin.evaluation.image.extractors.model import ModelExtractor
from ibgan_plugin.evaluation.image.extractors.onnx import OnnxExtractor
from ibgan_plugin.evaluation.image.extractors.thumbnails import ThumbnailExtractor
from ibgan_plugin.evaluation.image.extractors.torchscript import TorchScriptExtractor

__all__ = ['Extracted', 'ImageExtractor', 'InceptionV3Extractor', 'ModelExtractor', 'OnnxExtractor', 'ThumbnailExtractor',
           'TorchScriptExtractor', 'available_extractor']
