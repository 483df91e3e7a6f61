"""Building a store, checking it and saying what came out."""
from pathlib import Path

from ibgan_plugin.datasets.lmdb_images import KIND
from ibgan_plugin.datasets.lmdb_reader import LMDBReader
from ibgan_plugin.datasets.lmdb_writer import Job, build
from ibgan_plugin.datasets.prepare.convert import Conversion


def run(path: Path, job: Job, conversion: Conversion | None = None, overwrite: bool = False) -> str:
    """Build the LMDB file, verify its checksum and list the files that were left out, if any, in ``<name>.skipped.txt``.

    Args:
        path: The LMDB file.
        job: What to build.
        conversion: The image files the job converts, if it does.
        overwrite: Build it again if it is there.

    Returns:
        A summary for the user.

    Raises:
        OSError: If the disk is full.
        ValueError: If an input is unreadable, or the file is damaged.
    """
    there = path.exists() and not overwrite
    skipped = build(path, job, overwrite)
    reader = LMDBReader(path, KIND)
    reader.verify()
    layout = reader.metadata['layout']
    height, width, channels = layout['shape']
    summary = (f'{path}: {len(reader):,} images of {height}x{width}x{channels} ({layout["encoding"]}) from '
               f'{reader.metadata["source"]}, {path.stat().st_size:,} bytes, checksum verified')
    if there:
        return f'{summary}; it was there already'
    if skipped and conversion is not None:
        names = [conversion.names[number] for number in skipped]
        report = path.with_name(f'{path.stem}.skipped.txt')
        lines = [conversion.problems.get(name, f'{name}: left out by an earlier run') for name in names]
        report.write_text('\n'.join(lines) + '\n')
        summary += f'\n{len(skipped)} unreadable inputs were left out, {names[0]} first; {report} lists them'
    return summary
