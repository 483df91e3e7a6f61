"""Parts of ``.npz`` files, written by hand."""
import struct


def header(shape, dtype='|u1', version=1, fortran=False):
    """What stands before an array's values in an ``.npy`` file, as it is written or as nobody would."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}".encode()
    text += b' ' * (-(len(text) + 11) % 64) + b'\n'
    return b'\x93NUMPY' + bytes([version, 0]) + struct.pack('<H' if version == 1 else '<I', len(text)) + text
