"""Images per second and core: ``python benchmarks/bench_data.py [--images FOLDER_OR_ZIP]``.

dSprites: our batched fetch beside torch's default fetch, one sample at a time, over the same LMDB file. JPEG at 64x64: our
batched fetch beside nothing but ``cv2.imdecode`` on the same bytes, and beside torchvision's ``ImageFolder`` on the same files
(where torchvision can not be imported: beside the same calls of Pillow, which the output then says).
Times are CPU times of this process, the best of several rounds, so that other work on the machine counts little.
Memory is that of all processes together (without the mapped file, which the system shares and drops at will).
"""
import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, default_collate

from ibgan_plugin.datasets import DSprites, LMDBImages, batched_collate
from ibgan_plugin.datasets.base import ImageDataset
from ibgan_plugin.datasets.dsprites.build import POSITIONS, WINDOW_BYTES
from ibgan_plugin.datasets.dsprites.raster import ORIGINS, WINDOW
from ibgan_plugin.datasets.prepare import folder
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.store.reader import record_key
from ibgan_plugin.datasets.store.writer import build

BATCH = 64


class OneByOne(Dataset):
    """dSprites without ``__getitems__``, as lean as that can be: what torch fetches by default."""

    def __init__(self, data: DSprites):
        self.total = len(data)
        self.reader = data._reader

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, index: int) -> dict:
        sprite, position = divmod(index, POSITIONS)
        with self.reader.fetching() as get:
            start = position * WINDOW_BYTES
            window = np.frombuffer(get(record_key(sprite))[start:start + WINDOW_BYTES], dtype='<u4').astype('<u8')
        left, top = ORIGINS[position // 32], ORIGINS[position % 32]
        rows = np.zeros(64, dtype='<u8')
        rows[top:top + WINDOW] = window << np.uint64(left)
        image = np.negative(np.unpackbits(rows.view(np.uint8), bitorder='little')).reshape(1, 64, 64)
        return {'inputs': torch.from_numpy(image), 'data_samples': {'sample_idx': index}}


def rate(function: Callable[[list[int]], object], batches: list[list[int]], rounds: int = 5) -> float:
    """Images per second of CPU time, the best of some rounds over the batches."""
    best = float('inf')
    for _ in range(rounds):
        start = time.process_time()
        for batch in batches:
            function(batch)
        best = min(best, time.process_time() - start)
    return sum(map(len, batches)) / best


def random_batches(data: ImageDataset, count: int) -> list[list[int]]:
    """Shuffled batches of sample numbers."""
    order = np.random.default_rng(0).integers(0, len(data), (count, BATCH))
    return order.tolist()


def bench_dsprites(data: DSprites) -> None:
    """Batched against one by one, in turns since the clock of a shared machine drifts."""
    single = OneByOne(data)
    many, few = random_batches(data, 300), random_batches(data, 60)
    pairs = [(rate(lambda batch: batched_collate(data.__getitems__(batch)), many, 1),
              rate(lambda batch: default_collate([single[index] for index in batch]), few, 1)) for _ in range(15)]
    batched, default = (max(column) for column in zip(*pairs, strict=True))
    ratio = np.median([one / other for one, other in pairs])
    print(f'dSprites, batches of {BATCH}: {batched:,.0f} images/s per core; one by one {default:,.0f}; '
          f'ratio {ratio:.1f} (median of 15 pairs)')


def bench_jpeg(data: LMDBImages) -> None:
    """Our fetch against bare decoding, in turns since the clock of a shared machine drifts."""
    data.full_init()
    batches = random_batches(data, 30)
    with data._reader.fetching() as get:
        content = [bytes(get(record_key(number))) for number in range(len(data))]
    flag = cv2.IMREAD_GRAYSCALE if data.metainfo['shape'][2] == 1 else cv2.IMREAD_COLOR_RGB

    def bare(batch: list[int]) -> None:
        for index in batch:
            cv2.imdecode(np.frombuffer(content[index], dtype=np.uint8), flag)

    def ours_once(batch: list[int]) -> None:
        batched_collate(data.__getitems__(batch))

    pairs = [(rate(ours_once, batches, 1), rate(bare, batches, 1)) for _ in range(15)]
    ours, decode = (max(column) for column in zip(*pairs, strict=True))
    share = np.median([one / other for one, other in pairs])
    print(f'JPEG {data.metainfo["shape"]}, batches of {BATCH}: {ours:,.0f} images/s per core; '
          f'bare cv2.imdecode {decode:,.0f}; share {share:.0%} (median of 15 pairs)')


class PillowFiles(Dataset):
    """What torchvision's ``ImageFolder`` with ``PILToTensor`` does, without needing torchvision: a file, opened by Pillow."""

    def __init__(self, root: Path):
        self.names = sorted(root.rglob('*.jpg'))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with open(self.names[index], 'rb') as stream:
            pixels = np.array(Image.open(stream).convert('RGB'))
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous(), 0


def image_folder(root: Path) -> tuple[Dataset, str]:
    """torchvision's ``ImageFolder`` where it can be imported, else :class:`PillowFiles`; and what it is."""
    try:
        import torchvision
        from torchvision.datasets import ImageFolder
        from torchvision.transforms import PILToTensor
    except (ImportError, RuntimeError) as error:  # RuntimeError: it does not fit this build of torch
        return PillowFiles(root), f'Pillow as torchvision\'s ImageFolder calls it (no torchvision: {str(error).splitlines()[0]})'
    return ImageFolder(str(root), PILToTensor()), f'torchvision {torchvision.__version__}, ImageFolder'


def bench_folder(data: LMDBImages, work: Path) -> None:
    """The same JPEG files in a folder, fetched one by one."""
    root = work / 'files'
    (root / 'class').mkdir(parents=True)
    with data._reader.fetching() as get:
        for number in range(len(data)):
            (root / 'class' / f'{number:06d}.jpg').write_bytes(get(record_key(number)))
    files, name = image_folder(root)
    speed = rate(lambda batch: default_collate([files[index] for index in batch]), random_batches(data, 30))
    print(f'the same files, one by one, {name}: {speed:,.0f} images/s per core')


def own_memory() -> float:
    """Memory of this process and its children in MiB, without mapped files; what they share counts once (Linux)."""
    children = Path(f'/proc/self/task/{os.getpid()}/children').read_text().split()
    lines = (line for pid in ['self', *children] for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith(('Pss_Anon', 'Pss_Shmem'))) / 1024


def bench_loader(data: ImageDataset, workers: int, epochs: int = 10, batches: int = 300) -> None:
    """Wall-clock speed of the whole loader, and memory after each epoch."""
    part = data.get_subset(np.random.default_rng(0).integers(0, len(data), BATCH * batches).tolist())
    loader = DataLoader(part, batch_size=BATCH, shuffle=True, num_workers=workers, collate_fn=batched_collate,
                        persistent_workers=workers > 0)
    memory, start = [], time.perf_counter()
    for _ in range(epochs):
        for _ in loader:
            pass
        if Path('/proc/self/smaps_rollup').exists():
            memory.append(own_memory())
    speed = epochs * batches * BATCH / (time.perf_counter() - start)
    print(f'{type(data).__name__}, loader with {workers} workers: {speed:,.0f} images/s; memory after each of {epochs} '
          f'epochs, MiB: {" ".join(f"{value:.0f}" for value in memory)}')


def images(args: argparse.Namespace, work: Path) -> LMDBImages:
    """JPEG images to decode: of the user, or smooth noise, which costs about as much as photographs."""
    if args.images is None:
        rng = np.random.default_rng(0)
        (work / 'noise').mkdir()
        for number in range(500):
            noise = cv2.resize(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)
            grain = rng.integers(0, 12, noise.shape, dtype=np.uint8)
            cv2.imwrite(str(work / 'noise' / f'{number}.png'), noise // 2 + grain)
    _, job = folder.job(args.images or work / 'noise', Recipe(crop=args.crop))
    build(work / 'images.lmdb', job)
    return LMDBImages(work / 'images.lmdb')


def main() -> None:
    """Run all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-root', default='data/dsprites', help='folder of dsprites.lmdb, made if it is not there')
    parser.add_argument('--images', type=Path, help='photographs for the JPEG part (default: smooth noise)')
    parser.add_argument('--crop', default='square', help='crop of the photographs')
    parser.add_argument('--workers', type=int, nargs='*', default=[0, 1, 2])
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    sprites = DSprites(args.data_root)
    bench_dsprites(sprites)
    with tempfile.TemporaryDirectory() as work:
        data = images(args, Path(work))
        bench_jpeg(data)
        bench_folder(data, Path(work))
        for workers in args.workers:
            bench_loader(sprites, workers)
            bench_loader(data, workers, batches=60)


if __name__ == '__main__':
    main()
