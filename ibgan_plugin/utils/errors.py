"""The one class of errors for bad input."""


class IBGANError(ValueError):
    """Something that a user gave can not be used: the message names the file or field, the value and what is allowed.

    Tools print it in one line and end with exit code 2. Any other exception is a bug and shows its traceback.
    """

    @property
    def lines(self) -> list[str]:
        """What a tool prints: a line for each mistake."""
        return [' '.join(str(self).split('\n'))]
