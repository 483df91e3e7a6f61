"""The LMDB store of images."""
