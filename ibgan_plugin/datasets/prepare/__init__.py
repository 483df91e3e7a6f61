"""Making LMDB files of the data sets as their owners ship them: the logic of ``tools/prepare_data.py``."""
