"""Exact gathering of numbered rows from all processes to the main one, as arrays."""
import numpy as np
import torch
from mmengine import dist


def gather_rows(index: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The union over processes of numbered rows, each number once, sorted by number.

    Samplers pad the last batch with repeated samples, so that a number may come from several processes: the row of the
    lowest rank is kept.

    Args:
        index: Numbers int64 [n], n may differ between processes and be 0.
        rows: Values float64 [n, C]; C is 0 where n is 0.

    Returns:
        ``(index [M], rows [M, C])`` on the main process, None elsewhere.
    """
    if dist.get_world_size() > 1:
        shapes = torch.stack(dist.all_gather(torch.tensor(rows.shape)))  # world x 2
        length, width = shapes.max(dim=0).values.tolist()
        padded_index = np.full(length, -1, dtype=np.int64)
        padded_index[:len(index)] = index
        padded_rows = np.zeros((length, width))
        padded_rows[:len(rows), :rows.shape[1]] = rows
        device = dist.get_comm_device()  # NCCL gathers only what lies on its GPU
        all_index = dist.gather(torch.from_numpy(padded_index).to(device))
        all_rows = dist.gather(torch.from_numpy(padded_rows).to(device))
        if not dist.is_main_process():
            return None
        index, rows = torch.cat(all_index).cpu().numpy(), torch.cat(all_rows).cpu().numpy()
        index, rows = index[index >= 0], rows[index >= 0]
    unique, first = np.unique(index, return_index=True)
    return unique, rows[first]
