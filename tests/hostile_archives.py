"""Zips as attackers, and broken programs, make them."""

import io
import stat
import struct
import zipfile
import zlib


def zipped(*entries, compression=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, bytes) pairs, in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def link(name, target):
    """The entry of a symbolic link, as Unix programs pack it."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, target


def special(name):
    """The entry of a device."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFCHR | 0o666) << 16
    return entry, b""


def changed(data, offset, fmt, value, local=None):
    """`data` with one field of the first entry of its list of contents set, and that of the entry itself."""
    data = bytearray(data)
    struct.pack_into(fmt, data, data.index(b"PK\x01\x02") + offset, value)
    if local is not None:
        struct.pack_into(fmt, data, local, value)
    return bytes(data)


def locked(data):
    """The first entry says that it needs a password."""
    return changed(data, 8, "<H", 1, local=6)


def packed_by(data, method):
    return changed(data, 10, "<H", method, local=8)


def claiming(data, size):
    """The first entry says that it has so many bytes."""
    return changed(data, 24, "<L", size, local=22)


def unmarked(name, data):
    """A zip with a name in these very bytes, and no word on how they are encoded."""
    plain = bytearray(zipped(("x" * len(name), data)))
    return bytes(plain).replace(b"x" * len(name), name)


def overlapping(data, names):
    """Many entries that share the same packed bytes: what a bomb consists of."""
    packed = zlib.compress(data, 9)[2:-4]
    check = zlib.crc32(data)
    sizes = struct.pack("<LLL", check, len(packed), len(data))
    first = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", 1, 0) + b"a" + packed
    listing = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0)
        + sizes
        + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0)
        + b"a"
        for _ in range(names)
    )
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, names, names, len(listing), len(first), 0)
    return first + listing + end


def listing_twice(entries):
    """An archive that gives a short list of contents in the old form of its end, and a long one in that of zip64."""
    listing = (b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a") * entries
    place = struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, entries, entries, len(listing), 4)
    locator = struct.pack("<LQL", 0, 4 + len(listing), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 47, 4, 0)
    return b"PK\x03\x04" + listing + b"PK\x06\x06" + place + b"PK\x06\x07" + locator + end
