"""Which code follows which factor."""
from typing import NamedTuple

import numpy as np

#: A code follows a factor if it tells this share of the factor's entropy, and no less than of any other.
SMALLEST_SHARE = 0.1


class FactorInformation(NamedTuple):
    """How codes and factors go together."""
    mutual_information: np.ndarray  # [C, F], nats
    share: np.ndarray  # [C, F]: of the factor's entropy, 0 to 1
    factor_names: tuple[str, ...]  # F

    def followed(self, code: int) -> str | None:
        """The factor that a code follows, or None."""
        factor = int(self.share[code].argmax())
        return self.factor_names[factor] if self.share[code, factor] >= SMALLEST_SHARE else None

    def named_codes(self) -> dict[int, str]:
        """The factor that each code follows, for those codes that follow one."""
        return {code: name for code in range(len(self.share)) if (name := self.followed(code)) is not None}

    def follower(self, factor: int) -> int | None:
        """The code that follows a factor best, or None."""
        code = int(self.share[:, factor].argmax())
        return code if self.share[code, factor] >= SMALLEST_SHARE else None


def factor_information(codes: np.ndarray, factors: np.ndarray, factor_names: tuple[str, ...]) -> FactorInformation:
    """The mutual information of each code with each factor, in the bins of MIG.

    Args:
        codes: Finite codes [N, C].
        factors: Factor values int [N, F]; a constant one has no entropy, and shares of it are 0.
        factor_names: F names.
    """
    # scikit-learn: a second of a start
    from ibgan_plugin.evaluation.disentanglement import PROTOCOLS, discretize, entropy, mutual_information
    num_bins = PROTOCOLS['study']['mig']['num_bins']
    information = mutual_information(discretize(np.asarray(codes, dtype=np.float64), num_bins), factors)
    of_factor = entropy(factors)
    share = np.divide(information, of_factor, out=np.zeros_like(information), where=of_factor > 0)
    return FactorInformation(information, share, tuple(factor_names))
