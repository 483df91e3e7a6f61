"""Building a store, checking it and saying what came out."""
from pathlib import Path

from ibgan_plugin.datasets.lmdb_images import KIND
from ibgan_plugin.datasets.prepare.convert import Conversion
from ibgan_plugin.datasets.store.reader import LMDBReader
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole


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
        IBGANError: If an input is unreadable, the file is damaged, or it is there, but was made from something else or in
            another way.
    """
    there = path.exists() and not overwrite
    build(path, job, overwrite)
    reader = LMDBReader(path, KIND)
    _check_same(reader, job)
    reader.verify()
    layout = reader.metadata['layout']
    height, width, channels = layout['shape']
    summary = (f'{path}: {len(reader):,} images of {height}x{width}x{channels} ({layout["encoding"]}) from '
               f'{reader.metadata["source"]}, {path.stat().st_size:,} bytes, checksum verified, '
               f'annotations: {", ".join(sorted(reader.metadata["arrays"])) or "none"}')
    if there:
        summary += '; it was there already'
    if conversion is not None and reader.metadata['skipped']:
        summary += f'\n{_report_skipped(path, conversion, reader.metadata["skipped"])}'
    return summary


def _check_same(reader: LMDBReader, job: Job) -> None:
    """Whether a file that was there is what is asked for."""
    asked, found = job.metadata(), reader.metadata
    pairs = [('source', asked['source'], found['source'])]
    pairs += [(key, asked['layout'].get(key), found['layout'].get(key)) for key in {**found['layout'], **asked['layout']}]
    for key, wanted, present in pairs:
        if wanted != present:
            raise IBGANError(f'{reader.path} is there, but its {key} is {present!r} instead of {wanted!r}; '
                             'pass --force to make it again, or another --out')


def _report_skipped(path: Path, conversion: Conversion, skipped: list[int]) -> str:
    """List the files that were left out in ``<name>.skipped.txt``, unless a finished run has done so."""
    names = [conversion.names[number] for number in skipped]
    report = path.with_name(f'{path.stem}.skipped.txt')
    if conversion.problems or not report.exists():
        lines = [conversion.problems.get(name, f'{name}: left out by an earlier run') for name in names]
        write_whole(report, '\n'.join(lines) + '\n')
    return f'{len(skipped)} unreadable inputs were left out, {names[0]} first; {report} lists them'
