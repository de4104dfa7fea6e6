# SPDX-License-Identifier: Apache-2.0
"""A file system of a few files that lie about themselves, by the protocol of /dev/fuse (linux/fuse.h); without libfuse. Needs root."""
import ctypes
import os
import struct
import threading

libc = ctypes.CDLL(None, use_errno=True)
FORGET, LOOKUP, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, BATCH_FORGET = 2, 1, 3, 14, 15, 17, 18, 25, 26, 27, 28, 29, 42
NO_ENTRY, NO_CALL, DIRECT, DETACH = -2, -38, 1, 2


class File:
    def __init__(self, data, size=None, links=1):
        self.data, self.size, self.links = data, len(data) if size is None else size, links


class Mount:
    """tree: {name: File or tree}; number: of every inode, None: each has its own; disk: a block device"""

    def __init__(self, at, tree, number=None, disk=None):
        self.at, self.number = str(at), number
        self.nodes, self.ids = [None, tree], {}
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0"
        if libc.mount((disk or "tiny").encode(), self.at.encode(), b"fuseblk" if disk else b"fuse", 0, options.encode()) != 0:
            os.close(self.fd)
            raise OSError(ctypes.get_errno(), "can't mount")
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        libc.umount2(self.at.encode(), DETACH)

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 20)
            except OSError:  # it was unmounted
                return
            _, call, unique, node = struct.unpack_from("<IIQQ", request)
            answer = self.answer(call, node, request[40:])
            if answer is not None:
                error, body = (answer, b"") if isinstance(answer, int) else (0, answer)
                os.write(self.fd, struct.pack("<IiQ", 16 + len(body), error, unique) + body)

    def child(self, node, name):
        if (node, name) not in self.ids:
            self.ids[node, name] = len(self.nodes)
            self.nodes.append(self.nodes[node][name])
        return self.ids[node, name]

    def attributes(self, node):
        this = self.nodes[node]
        size, mode, links = (0, 0o40755, 2) if isinstance(this, dict) else (this.size, 0o100644, this.links)
        number = node if self.number is None else self.number
        return struct.pack("<QQQQQQ10I", number, size, 0, 0, 0, 0, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

    def answer(self, call, node, body):
        this = self.nodes[node] if node < len(self.nodes) else None
        if call in (FORGET, BATCH_FORGET):
            return None
        if call == INIT:
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 0, 12, 10, 131072, 1, 0, 0, 0, *[0] * 7)
        if call == GETATTR:
            return bytes(16) + self.attributes(node)
        if call == LOOKUP:
            name = body[:-1].decode()
            if name not in this:
                return NO_ENTRY
            child = self.child(node, name)
            return struct.pack("<5Q", child, 0, 0, 0, 0) + self.attributes(child)
        if call in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, DIRECT if call == OPEN else 0, 0)
        _, at, size = struct.unpack_from("<QQI", body) if call in (READ, READDIR) else (0, 0, 0)
        if call == READ:
            return this.data[at : at + size]
        if call == READDIR:
            names = list(this)[at:]
            return b"".join(self.entry(node, name, at + i + 1) for i, name in enumerate(names))[:size]
        if call == STATFS:
            return struct.pack("<5Q10I", 0, 0, 0, 0, 0, 512, 255, *[0] * 8)
        return b"" if call in (RELEASE, RELEASEDIR, FLUSH) else NO_CALL

    def entry(self, node, name, place):
        text = name.encode()
        kind = 4 if isinstance(self.nodes[node][name], dict) else 8
        entry = struct.pack("<QQII", self.child(node, name), place, len(text), kind) + text
        return entry + bytes(-len(entry) % 8)
