# SPDX-License-Identifier: Apache-2.0
"""What record-writes and run-log-writes share: sparse images as files of pieces, and the log of dm-log-writes, as the kernel's
Documentation/admin-guide/device-mapper/log-writes.rst and drivers/md/dm-log-writes.c have it."""
import os
import struct

MAGIC, VERSION = 0x6A736677736872, 1
SUPER, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
BLOCK = 4096


def pack(image, out):
    """What of an image is not zero: the image's size, then pieces, each behind its offset and length."""
    with open(image, "rb") as f, open(out, "wb") as to:
        to.write(struct.pack("<Q", os.fstat(f.fileno()).st_size))
        at = 0
        while True:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
                end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            except OSError:  # behind it all is a hole
                return
            while at < end:
                data = os.pread(f.fileno(), min(BLOCK, end - at), at)
                if data.count(0) != len(data):
                    to.write(struct.pack("<QQ", at, len(data)) + data)
                at += len(data)


def unpack(packed, image):
    """The image; its size."""
    with open(packed, "rb") as f, open(image, "wb") as to:
        (size,) = struct.unpack("<Q", f.read(8))
        to.truncate(size)
        while head := f.read(16):
            at, n = struct.unpack("<QQ", head)
            os.pwrite(to.fileno(), f.read(n), at)
    return size


class Entry:
    """One write as it came to the device: where, what, and whether everything before it, or it itself, is on the disk now; or a mark."""

    def __init__(self, at, data, flags, size):
        self.at, self.data, self.flags, self.size = at, data, flags, size
        self.mark = data.decode() if flags & MARK else None
        self.settles = bool(flags & (FLUSH | FUA)) and not self.mark

    def apply(self, image):
        if self.mark is None and self.size:
            image.seek(self.at)
            image.write(bytes(self.size) if self.flags & DISCARD else self.data)


def entries(path):
    """the log's entries, in its order"""
    with open(path, "rb") as f:
        magic, version, n, sector = SUPER.unpack(f.read(SUPER.size))
        assert (magic, version) == (MAGIC, VERSION), "no log of dm-log-writes"
        at, found = sector, []
        for _ in range(n):
            f.seek(at)
            where, sectors, flags, marked = ENTRY.unpack(f.read(ENTRY.size))
            if flags & MARK:
                found.append(Entry(0, f.read(marked), flags, 0))
            else:
                f.seek(at + sector)
                size = sectors * sector
                found.append(Entry(where * sector, b"" if flags & DISCARD else f.read(size), flags, size))
            at += sector + (0 if flags & DISCARD else sectors * sector)
        return found


def log_size(path):
    """how much of the device is the log"""
    with open(path, "rb") as f:
        _, _, n, sector = SUPER.unpack(f.read(SUPER.size))
        at = sector
        for _ in range(n):
            f.seek(at)
            _, sectors, flags, _ = ENTRY.unpack(f.read(ENTRY.size))
            at += sector + (0 if flags & DISCARD else sectors * sector)
        return at
