"""Pure functions: arrays and explicit seeds in, dictionaries of numbers out."""
