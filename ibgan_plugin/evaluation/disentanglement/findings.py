"""Matrices [codes, factors] that metrics come by on the way to their scores, kept for people to look at."""
import numpy as np


class Findings:
    """By name and seed. Metrics of one call run side by side: each writes entries of its own."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], np.ndarray] = {}

    def keep(self, name: str, seed: int, matrix: np.ndarray, factors: np.ndarray, num_factors: int) -> None:
        """Keep a matrix.

        Args:
            name: What it is, such as ``'mutual_information'``.
            seed: Of the samples it is from.
            matrix: [C, K], of those factors that vary.
            factors: Their numbers [K]; the others get 0.
            num_factors: F.
        """
        whole = np.zeros((len(matrix), num_factors))
        whole[:, factors] = matrix
        self._found[name, seed] = whole

    def means(self) -> dict[str, np.ndarray]:
        """The mean over seeds of each matrix, [C, F], by name."""
        names = sorted({name for name, _ in self._found})
        return {name: np.mean([matrix for (each, _), matrix in sorted(self._found.items()) if each == name], axis=0)
                for name in names}
