"""MMEngine and nothing else: ``python train.py CONFIG``."""
import sys

from mmengine.config import Config
from mmengine.registry import RUNNERS

if __name__ == '__main__':
    RUNNERS.build(Config.fromfile(sys.argv[1])).train()
