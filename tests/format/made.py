# SPDX-License-Identifier: Apache-2.0
"""What run-bombs, run-hidden and run-shapes share: test lines (TAP), runs of certban with the memory and time they took, archives made by hand."""
import gzip
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
certban = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="certban-" + pathlib.Path(sys.argv[0]).name))
os.environ.update(HOME=str(work), CERTBAN_STATE=str(work / "state"), LC_ALL="C.UTF-8", NO_COLOR="1", PYTHONDONTWRITEBYTECODE="1")
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=16"  # memory is measured
SANITIZED = b"__asan_init" in pathlib.Path(certban).read_bytes()  # memory and time are then the sanitizer's, too
tests = []


class Skip(Exception):
    pass


def test(f):
    tests.append(f)
    return f


def main(setup):
    """Runs the tests; where the command line has a word behind the program, those alone whose names hold it."""
    wanted = [f for f in tests if sys.argv[2:3] == [] or sys.argv[2] in f.__name__]
    for tool in ("openssl", "osslsigncode"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed")
            return
    failed = 0
    try:
        setup()
        for number, f in enumerate(wanted, 1):
            name, word = f.__name__.replace("_", " "), ""
            try:
                f()
                state = "ok"
            except Skip as why:
                state, word = "ok", f" # SKIP {why}"
            except Exception:  # whatever it is, the other tests go on
                state = "not ok"
                failed += 1
                for line in traceback.format_exc().splitlines()[-12:]:
                    print("# " + line[:2000])
            print(f"{state} {number} - {name}{word}", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{len(wanted)}")
    sys.exit(failed != 0)


def sh(command):
    r = subprocess.run(["bash", "-c", f". {TOP}/tests/cli/pki.sh; pki={work}/pki; set -e; {command}"], cwd=work, capture_output=True, check=False)
    assert r.returncode == 0, r.stderr.decode()[-400:]


def equal(a, b, what=""):
    assert a == b, f"{what} {a!r} is not {b!r}"


# ---- runs ----


class Run:
    """One run of certban: its status, what it said, and the seconds and memory (MiB, the peaks of all its processes together) it took."""

    def __init__(self, *args, timeout=300):
        start, peaks = time.time(), {}
        self.out, self.err = b"", b""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = subprocess.Popen([certban, *map(str, args)], cwd=work, stdout=out, stderr=err, start_new_session=True)
            while child.poll() is None:
                look_at_memory(child.pid, peaks)
                if time.time() - start > timeout:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
                    raise AssertionError(f"not done after {timeout} seconds: {args}")
                time.sleep(0.02)
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read(), err.read()
        self.status, self.seconds, self.memory = child.returncode, time.time() - start, sum(peaks.values()) / 1024
        assert b"ERROR: AddressSanitizer" not in self.err and b"runtime error" not in self.err, self.err.decode()[-800:]

    def files(self):
        """{path: object} of everything told; what could not be read has its error (kind, message) as "unreadable"."""
        found, objects = {}, [json.loads(line) for line in self.out.decode().splitlines()]
        for o in objects:
            if o["type"] == "file":
                found[o["path"]] = o
        for o in objects:
            if o["type"] == "error":
                found.setdefault(o.get("path"), {})["unreadable"] = o
        return found


def look_at_memory(session, peaks):
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                if int(stat[3]) != session:
                    continue
                for line in pathlib.Path(f"/proc/{name}/status").read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        peaks[name] = int(line.split()[1])
            except (OSError, IndexError):
                pass  # it has ended


# ---- archives ----


def deflate(data):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


def zeros(n, step=16 << 20):
    """n bytes of zeros, deflated: a thousand times smaller, and made at once"""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = z.compress(bytes(step)) + z.flush(zlib.Z_FULL_FLUSH)
    return block * (n // step) + deflate(bytes(n % step))


class Zip:
    """A ZIP archive, field by field, so that each can be wrong."""

    def __init__(self):
        self.data, self.central, self.n = bytearray(), bytearray(), 0

    @staticmethod
    def local(name, packed, size, method, flags=0, crc=0):
        return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 0x21, crc, packed, size, len(name), 0) + name

    def entry(self, name, at, packed, size, method, flags=0, crc=0):
        self.central += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, flags, method, 0, 0x21, crc, packed, size, len(name), 0, 0, 0, 0, 0, at) + name
        self.n += 1

    def add(self, name, data=None, packed=None, size=None, method=None, flags=0, local=None):
        """local: another name, packed size, size, method and flags for the local header"""
        name = name if isinstance(name, bytes) else name.encode()
        method = method if method is not None else 0 if packed is None else 8
        body = data if packed is None else packed
        size = size if size is not None else len(body)
        crc = zlib.crc32(data) if data is not None else 0
        at = len(self.data)
        self.data += self.local(*(local or (name, len(body), size, method, flags)), crc) + body
        self.entry(name, at, len(body), size, method, flags, crc)
        return self

    def end(self):
        n = min(self.n, 0xFFFF)
        out = bytes(self.data) + bytes(self.central)
        if self.n > 0xFFFF:
            out += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, self.n, self.n, len(self.central), len(self.data))
            out += struct.pack("<4sIQI", b"PK\6\7", 0, len(self.data) + len(self.central), 1)
        return out + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, n, n, len(self.central), len(self.data), 0)


def zipped(*members, pack=True):
    """an archive of (name, bytes)"""
    z = Zip()
    for name, data in members:
        if pack:
            z.add(name, data, packed=deflate(data), size=len(data))
        else:
            z.add(name, data)
    return z.end()


def asar(tree, unpacked=()):
    """an archive of an Electron program; tree: {name: bytes or a tree}; unpacked: paths that are kept beside it"""
    data = bytearray()

    def folder(tree, path):
        files = {}
        for name, value in tree.items():
            here = f"{path}/{name}".lstrip("/")
            if isinstance(value, dict):
                files[name] = folder(value, here)
            elif here in unpacked:
                files[name] = {"size": len(value), "unpacked": True}
            else:
                files[name] = {"size": len(value), "offset": str(len(data))}
                data.extend(value)
        return {"files": files}

    return asar_head(json.dumps(folder(tree, "")).encode()) + bytes(data)


def asar_head(text):
    padded = text + bytes(-len(text) % 4)
    return struct.pack("<IIII", 4, len(padded) + 8, len(padded) + 4, len(text)) + padded


def carchive(*members, cut=0, past=0, told=None):
    """(name, content, packed): an archive as PyInstaller's CArchiveWriter writes it; told: the size that each is said to have"""
    data, table = b"", b""
    for name, content, packed in members:
        body = zlib.compress(content) if packed else content
        name = name.encode().ljust(16 * (len(name) // 16 + 1), b"\0")
        table += struct.pack("!IIIIBc", 18 + len(name), len(data) + past, len(body), len(content) if told is None else told, packed, b"b") + name
        data += body
    n = len(data) + len(table) + 88
    return data + table + struct.pack("!8sIIII64s", b"MEI\014\013\012\013\016", n, len(data), len(table) - cut, 311, b"python311.dll")


def iso(tree, copies=1, fillers=0, use=None, joliet=None, paths=None, big=False):
    """an image of a disc (ISO 9660): tree: {name: bytes or a tree}; copies of its descriptor, behind so many that say nothing; use: what a
    name's record has behind the name, bytes or a function of the sector of another name; joliet: a tree for a descriptor of its own; paths:
    folders that only the table of paths has, of which the one with big-endian numbers is there, or the other"""
    size, sectors = 2048, []
    first = 16 + fillers + copies + (joliet is not None) + 1
    where = {}

    def both(n, width):
        return n.to_bytes(width, "little") + n.to_bytes(width, "big")

    def place(data):
        at = first + len(sectors)
        sectors.extend(data[i : i + size].ljust(size, b"\0") for i in range(0, len(data), size))
        return at

    def record(name, at, n, flags):
        extra = (use or {}).get(name.decode("latin-1"), b"")
        extra = extra(where) if callable(extra) else extra
        pad = bytes(1 - len(name) % 2)
        body = b"\0" + both(at, 4) + both(n, 4) + bytes(7) + bytes([flags, 0, 0]) + both(1, 2) + bytes([len(name)]) + name + pad + extra
        return bytes([len(body) + 1]) + body

    def folder(tree):
        entries = []
        for name, value in tree.items():
            if isinstance(value, dict):
                entries.append((name, *folder(value), 2))
            else:
                entries.append((name, place(value), len(value), 0))
            where[name] = entries[-1][1]
        at = first + len(sectors)
        data = b""
        for name, *rest in [("\0", at, size, 2), ("\1", at, size, 2), *entries]:
            one = record(name.encode("latin-1"), *rest)
            data += bytes(-len(data) % size) if len(data) % size + len(one) > size else b""
            data += one
        data += bytes(-len(data) % size)
        data = record(b"\0", at, len(data), 2) + data[len(record(b"\0", at, 0, 2)) :]
        return place(data), len(data)

    def descriptor(kind, root, escape=b""):
        head = bytes([kind]) + b"CD001\1" + bytes(81) + escape.ljust(32, b"\0") + bytes(8) + both(size, 2)
        head += both(len(table), 4) + struct.pack("<II", 0 if big else table_at, 0) + struct.pack(">II", table_at if big else 0, 0)
        return (head + record(b"\0", *root, 2)).ljust(size, b"\0")

    root = folder(tree)
    rows = [(b"\0", root[0]), *((name.encode(), folder(inner)[0]) for name, inner in (paths or {}).items())]
    table = b"".join(struct.pack(">BBIH" if big else "<BBIH", len(name), 0, at, 1) + name + bytes(len(name) % 2) for name, at in rows)
    table_at = place(table)
    out = (b"\0CD001\1".ljust(size, b"\0")) * fillers + descriptor(1, root) * copies
    out += b"" if joliet is None else descriptor(2, folder(joliet), b"%/E")
    return bytes(16 * size) + out + b"\xffCD001\1".ljust(size, b"\0") + b"".join(sectors)


def stored_7z(*members):
    """a 7-Zip archive of (name, bytes), nothing of it compressed: one folder a member"""

    def number(n):
        for extra in range(8):
            if n < 1 << (7 + 7 * extra):
                first = 0xFF & ~(0xFF >> extra) | n >> (8 * extra)
                return bytes([first]) + (n & ((1 << (8 * extra)) - 1)).to_bytes(extra, "little")
        return b"\xff" + n.to_bytes(8, "little")

    n = number(len(members))
    sizes = b"".join(number(len(data)) for _, data in members)
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in members)
    streams = b"\x06\0" + n + b"\x09" + sizes + b"\0" + b"\x07\x0b" + n + b"\0" + b"\x01\x01\0" * len(members) + b"\x0c" + sizes + b"\0\x08\0\0"
    header = b"\x01\x04" + streams + b"\x05" + n + b"\x11" + number(len(names)) + names + b"\0\0"
    body = b"".join(data for _, data in members)
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def stored_rar(*members, method=0x30, flags=0):
    """a RAR 4 archive of (name, bytes), nothing of it compressed, whatever the method says; flags of its files: 1, 2 split"""

    def block(kind, flags, rest, data=b""):
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data

    out = b"Rar!\x1a\7\0" + block(0x73, 0, bytes(6))
    for name, data in members:
        name = name.encode()
        rest = struct.pack("<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0x5A21, 20, method, len(name), 0o100644) + name
        out += block(0x74, 0x8000 | flags, rest, data)
    return out + block(0x7B, 0x4000, b"")


def rar5_block(kind, flags=0, rest=b"", data=b""):
    """a block of a RAR 5 archive: 1 its main header, 2 a file, 3 a service, 5 its end"""

    def number(n):
        return bytes([n & 0x7F | 0x80]) + number(n >> 7) if n > 0x7F else bytes([n])

    head = number(kind) + number(flags | 2 * bool(data)) + (number(len(data)) if data else b"") + rest
    head = number(len(head)) + head
    return struct.pack("<I", zlib.crc32(head)) + head + data


def stored_rar5(*members, between=b"", flags=0):
    """a RAR 5 archive of (name, bytes), with blocks between its files and its end; flags of its files: 8, 16 split"""
    out = b"Rar!\x1a\7\1\0" + rar5_block(1, rest=b"\0")
    for name, data in members:
        size = bytes([len(data) & 0x7F | 0x80, len(data) >> 7 & 0x7F | 0x80, len(data) >> 14])
        name = name.encode()
        out += rar5_block(2, flags, b"\4" + size + b"\0" + struct.pack("<I", zlib.crc32(data)) + b"\0\1" + bytes([len(name)]) + name, data)
    return out + between + rar5_block(5, rest=b"\0")


def stored_lha(*members):
    """an LHA archive of (name, bytes), nothing of it compressed"""
    out = b""
    for name, data in members:
        rest = b"-lh0-" + struct.pack("<IIIBBB", len(data), len(data), 0, 0x20, 0, len(name)) + name.encode() + b"\0\0"
        out += bytes([len(rest), sum(rest) & 0xFF]) + rest + data
    return out + b"\0"


def stored_arj(*members):
    """an ARJ archive of (name, bytes), nothing of it compressed"""

    def header(kind, name, size=0, crc=0):
        fixed = struct.pack("<BBBBBBBBIIIIHHBB", 30, 11, 1, 0, 0x10, 0, kind, 0, 0x21, size, size, crc, 0, 0o644, 0, 0)
        covered = fixed + name.encode() + b"\0\0"
        return b"\x60\xea" + struct.pack("<H", len(covered)) + covered + struct.pack("<IH", zlib.crc32(covered), 0)

    out = header(2, "a.arj")
    for name, data in members:
        out += header(0, name, len(data), zlib.crc32(data)) + data
    return out + b"\x60\xea\0\0"


def szdd(data):
    """a file as Microsoft's compress packs it, in nothing but literals"""
    parts = (data[i : i + 8] for i in range(0, len(data), 8))
    return b"SZDD\x88\xf0\x27\x33A\0" + struct.pack("<I", len(data)) + b"".join(b"\xff" + part for part in parts)


def zstd(data):
    """one frame of one block that is not compressed"""
    return struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data)) + (1 | len(data) << 3).to_bytes(3, "little") + data


def lz4(data):
    return struct.pack("<IBBBI", 0x184D2204, 0x60, 0x40, 0x82, 0x80000000 | len(data)) + data + bytes(4)


def lz4_legacy(data):
    """one block of nothing but literals"""
    block = b"\xf0" + b"\xff" * ((len(data) - 15) // 255) + bytes([(len(data) - 15) % 255]) + data
    return struct.pack("<II", 0x184C2102, len(block)) + block


def stored_ar(*members):
    """an ar archive of (name, bytes) or (name, bytes, mode in octal digits)"""
    out = b"!<arch>\n"
    for name, data, *mode in members:
        out += f"{name:16}{0:<12}{0:<6}{0:<6}{(mode or ['100644'])[0]:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def newc(name, data, mode=0o100644):
    """one member of a cpio archive"""
    fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    return head.ljust(-(-len(head) // 4) * 4, b"\0") + data.ljust(-(-len(data) // 4) * 4, b"\0")


CPIO_END = newc("TRAILER!!!", b"", 0)


def stored_rpm(*members, sized=True):
    """a package of (name, bytes): a signature that says how long the rest is, a header that says nothing, the payload"""
    intro = lambda n, size: b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">II", n, size)  # noqa: E731
    payload = gzip.compress(b"".join(newc(name, data) for name, data in members) + CPIO_END)
    rest = intro(1, 4) + struct.pack(">IIIIi", 1000, 4, 0, 1, 0) + payload
    signature = intro(1, 4) + struct.pack(">IIII", 1000 if sized else 1007, 4, 0, 1) + struct.pack(">I", len(rest))
    lead = b"\xed\xab\xee\xdb\3\0\0\0\0\1" + b"a-1".ljust(66, b"\0") + b"\0\1\0\5" + bytes(16)
    return lead + signature + bytes(-len(signature) % 8) + rest


def stored_chm(*members):
    """compiled help of (name, bytes), nothing of it compressed"""
    names = struct.pack("<HHH", 17, 1, 12) + "Uncompressed\0".encode("utf-16-le")
    all_of_it = (("::DataSpace/NameList", names), *members)
    word = lambda n: bytes(0x80 | n >> shift & 0x7F for shift in (28, 21, 14, 7)) + bytes([n & 0x7F])  # noqa: E731
    entries, content = b"", b""
    for name, data in all_of_it:
        entries += bytes([len(name)]) + name.encode() + b"\0" + word(len(content)) + word(len(data))
        content += data
    room = 4096 - 20 - len(entries)
    chunk = b"PMGL" + struct.pack("<IIii", room, 0, -1, -1) + entries + bytes(room - 2) + struct.pack("<H", len(all_of_it))
    guid = bytes.fromhex("6a92025d2e21d0119df900a0c922e6ec")
    directory = b"ITSP" + struct.pack("<IIIIIIiIIiII", 1, 84, 10, 4096, 2, 1, -1, 0, 0, -1, 1, 1033) + guid + struct.pack("<Iiii", 84, -1, -1, -1) + chunk
    at = 96 + 24 + len(directory)
    head = b"ITSF" + struct.pack("<IIIII", 3, 96, 1, 0, 1033) + bytes.fromhex("10fd017caa7bd0119e0c00a0c922e6ec11fd017caa7bd0119e0c00a0c922e6ec")
    head += struct.pack("<QQQQQ", 96, 24, 120, len(directory), at)
    return head + struct.pack("<IIQII", 0x1FE, 0, at + len(content), 0, 0) + directory + content


def xar(size, length, offset, heap, more=""):
    """an archive of one file; more: what else the table says of it"""
    table = (
        '<?xml version="1.0"?><xar><toc><file id="1"><name>a.exe</name><type>file</type><data>'
        f"<length>{length}</length><offset>{offset}</offset><size>{size}</size>"
        f'<encoding style="application/octet-stream"/></data>{more}</file></toc></xar>'
    ).encode()
    packed = zlib.compress(table)
    return struct.pack(">4sHHQQI", b"xar!", 28, 1, len(packed), len(table), 0) + packed + heap


def write(name, data):
    (work / name).write_bytes(data)
    return name
