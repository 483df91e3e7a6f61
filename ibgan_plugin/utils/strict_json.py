"""JSON as RFC 8259 has it, which knows no Infinity and no NaN: the one writer of results."""
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ibgan_plugin.utils.files import write_whole


def strict(content: Any) -> Any:
    """``content`` with null for every number that is not finite, and the reason beside it.

    In an object, ``{'mean': inf}`` becomes ``{'mean': None, 'mean_reason': 'infinite'}``; of a list the reason names the places.

    >>> strict({'per_seed': [1.0, float('nan')]})
    {'per_seed': [1.0, None], 'per_seed_reason': 'not a number at 1'}
    """
    if isinstance(content, Mapping):
        plain: dict[str, Any] = {}
        for key, value in content.items():
            plain[str(key)] = strict(value)
            if reason := _reason(value):
                plain[f'{key}_reason'] = reason
        return plain
    if isinstance(content, list | tuple):
        return [strict(value) for value in content]
    return None if _reason(content) else content


def _reason(value: Any) -> str:
    """Why a number can not be written, or which numbers of a list; '' where all can."""
    if isinstance(value, float) and not math.isfinite(value):
        return 'not a number' if math.isnan(value) else 'infinite' if value > 0 else 'minus infinite'
    if isinstance(value, list | tuple):
        reasons = [_reason(item) if isinstance(item, float) else '' for item in value]
        return ', '.join(f'{reason} at {place}' for place, reason in enumerate(reasons) if reason)
    return ''


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as :func:`strict` JSON, whole or not at all.

    Raises:
        IBGANError, OSError: If the file can not be written.
    """
    write_whole(path, json.dumps(strict(content), indent=1, allow_nan=False) + '\n')
