"""Building a store, checking it and saying what came out."""
from pathlib import Path

from ibgan_plugin.datasets.lmdb_images import KIND, LMDBImages
from ibgan_plugin.datasets.prepare.convert import Conversion
from ibgan_plugin.datasets.store.reader import LMDBReader
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole


def run(path: Path, job: Job, conversion: Conversion | None = None, overwrite: bool = False) -> str:
    """Build the LMDB file, verify its checksum and name the files that were left out, if any, in ``<name>.skipped.txt`` too.

    Args:
        path: The LMDB file.
        job: What to build.
        conversion: The image files the job converts, if it does.
        overwrite: Build it again if it is there.

    Returns:
        A summary for the user.

    Raises:
        IBGANError: If an input is unreadable, the disk is full, the file is damaged, or it is there, but was made from something
            else or in another way.
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
    if 'factors' in reader.metadata['arrays']:
        summary += f'\n{_factor_summary(path)}'
    if there:
        summary += '; it was there already'
    report = _report(path, conversion, reader.metadata['skipped']) if conversion is not None else ''
    return f'{summary}\n{report}'.rstrip()


def _factor_summary(path: Path) -> str:
    """One line on what the factors are."""
    meta = LMDBImages(path).metainfo
    factors = [f'{name} ({size} {"values" if kind == "continuous" else "classes"}, {kind})' for name, size, kind in
               zip(meta['factor_names'], meta['factor_sizes'], meta['factor_kinds'], strict=True)]
    grid = 'every combination once: a full grid' if meta['is_grid'] else 'not every combination once: no grid'
    return f'factors: {", ".join(factors)}; {grid}'


def _check_same(reader: LMDBReader, job: Job) -> None:
    """Whether a file that was there is what is asked for."""
    asked, found = job.metadata(), reader.metadata
    pairs = [('source', asked['source'], found['source'])]
    pairs += [(key, asked['layout'].get(key), found['layout'].get(key)) for key in {**found['layout'], **asked['layout']}]
    for key, wanted, present in pairs:
        if wanted != present:
            raise IBGANError(f'{reader.path} is there, but its {key} is {present!r} instead of {wanted!r}; '
                             'pass --force to make it again, or another --out')


def _report(path: Path, conversion: Conversion, skipped: list[int]) -> str:
    """What was left out, in words and, file by file, in ``<name>.skipped.txt``; an older list goes where nothing was."""
    names = [conversion.names[number] for number in skipped]
    report = path.with_name(f'{path.stem}.skipped.txt')
    known = _reasons(report)
    lines = [conversion.problems.get(name) or known.get(name, f'{name}: left out by an earlier run') for name in names]
    lines += [f'{name}: {reason}' for name, reason in conversion.source.left_out.items()]
    if not lines:
        report.unlink(missing_ok=True)
        return ''
    write_whole(report, '\n'.join(lines) + '\n')
    parts = [f'{len(names):,} unreadable inputs, {names[0]} first'] if names else []
    parts += [conversion.source.summary()] if conversion.source.left_out else []
    return f'left out: {"; ".join(parts)}; {report} lists them'


def _reasons(report: Path) -> dict[str, str]:
    """Lines of an earlier list, by the name they begin with."""
    lines = report.read_text().splitlines() if report.is_file() else []
    return {line.split(': ')[0]: line for line in lines}
