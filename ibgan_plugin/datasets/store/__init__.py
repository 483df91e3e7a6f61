"""The LMDB store of images: ``writer`` makes files that ``reader`` checks and reads, ``seal`` is the checksum at their end."""
