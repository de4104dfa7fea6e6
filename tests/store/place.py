# SPDX-License-Identifier: Apache-2.0
"""What run-faults, run-others and run-items share: a folder with a banned file and a state folder, file systems to mount, stops and kills."""
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "format"))
from made import TOP, Skip, certban, equal, sh, work  # noqa: E402

ENV = dict(os.environ, ASAN_OPTIONS=os.environ["ASAN_OPTIONS"] + ":detect_leaks=0")  # no leak checker under a tracer
OWNER, VICTIM = 61001, 61002  # users that need not exist
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN
NEW_MOUNTS, PRIVATE = 0x20000, 0x4000 | 0x40000  # CLONE_NEWNS; MS_REC, MS_PRIVATE
libc = ctypes.CDLL(None, use_errno=True)
# What is mounted here is seen here alone: a process elsewhere that copies the mounts at the wrong moment would keep a file system alive that
# is to lose its power and come back.
if os.geteuid() == 0 and libc.unshare(NEW_MOUNTS) == 0:
    libc.mount(b"none", b"/", None, PRIVATE, None)


def setup():
    sh(f"pki_make $pki; pki_policy ban.xml; {TOP}/tools/make-pe new plain.exe plain 300000; pki_sign standin plain.exe bad.exe")
    os.chmod(work, 0o755)


def bad():
    return (work / "bad.exe").read_bytes()


def need(condition, why):
    if not condition:
        raise Skip(why)


def root():
    need(os.geteuid() == 0, "needs root")


class Place:
    """A folder with the banned file in it, and a state folder; perhaps each on a file system of its own."""

    def __init__(self, folder, state, mode=0o755):
        self.folder, self.state, self.file = folder, state, folder / "file.exe"
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        os.chmod(folder, mode)
        state.mkdir(parents=True, exist_ok=True)
        self.again()

    def again(self):
        """the file in place, the store empty"""
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir(parents=True)
        for p in self.folder.iterdir():
            shutil.rmtree(p) if p.is_dir() and not p.is_symlink() else p.unlink()
        self.file.write_bytes(bad())

    def command(self, *args):
        return [certban, *args, "--state", str(self.state)]

    def take(self, *args, tracer=(), code=None):
        r = subprocess.run([*tracer, *self.command("scan", "--json", "--jobs", "1", "--no-builtin", "--policy", str(work / "ban.xml"), "--action", "quarantine", *args),
                            str(self.folder)], env=ENV, capture_output=True, timeout=120, check=False)
        assert b"AddressSanitizer" not in r.stderr and b"runtime error" not in r.stderr, r.stderr.decode()[-800:]
        if code is not None:
            equal(r.returncode, code, f"{r.stdout.decode()[-700:]} {r.stderr.decode()[-300:]}")
        return r

    def quarantine(self, *args, code=0):
        r = subprocess.run(self.command("quarantine", *args), env=ENV, capture_output=True, timeout=60, check=False)
        if code is not None:
            equal(r.returncode, code, f"quarantine {args}: {r.stdout.decode()[-400:]} {r.stderr.decode()[-400:]}")
        return r

    def held(self):
        """IDs of the items that hold the file whole; nothing may be left unfinished"""
        whole = []
        for line in self.quarantine("list", "--json").stdout.decode().splitlines():
            item = json.loads(line)
            equal(item["state"], "held", "an item")
            equal(hashlib.sha256((self.state / "quarantine" / item["id"] / "content").read_bytes()).digest(), hashlib.sha256(bad()).digest(), item["id"])
            whole.append(item["id"])
        return whole

    def record(self, item):
        return json.loads((self.state / "quarantine" / item / "record.json").read_text())

    def events(self, event):
        return [e for e in map(json.loads, (self.state / "quarantine/events.jsonl").read_text().splitlines()) if e["event"] == event]

    def census(self):
        """The file is in place or held, whole, and nothing of ours lies beside it: where it is."""
        held = self.held() if (self.state / "quarantine").is_dir() else []
        in_place = self.file.exists() and self.file.read_bytes() == bad()
        equal(in_place + len(held), 1, f"in place {in_place}, held {held}")
        equal(sorted(p.name for p in self.folder.iterdir()), ["file.exe"] if in_place else [], "beside the file")
        return "in place" if in_place else "held"

    def restore(self, *args, code=0):
        (item,) = self.held()
        return self.quarantine("restore", *args, item, code=code)


@contextlib.contextmanager
def mounted(kind, mib=24, options=()):
    """a fresh file system on a loop device; yields where it is"""
    root()
    need(shutil.which(f"mkfs.{kind}"), f"needs mkfs.{kind}")
    image, at = work / f"{kind}.img", work / f"{kind}.mnt"
    with open(image, "wb") as f:
        f.truncate(mib << 20)
    force = {"ext4": ["-q", "-F"], "xfs": ["-q", "-f"], "btrfs": ["-q", "-f"]}[kind]
    subprocess.run([f"mkfs.{kind}", *force, *options, str(image)], check=True, capture_output=True)
    at.mkdir(exist_ok=True)
    mount(image, at)
    try:
        yield at
    finally:
        unmount(at)
        image.unlink()


def mount(what, at, *args):
    r = subprocess.run(["mount", *(args or ("-o", "loop")), str(what), str(at)], capture_output=True, check=False)
    need(r.returncode == 0, f"can't mount: {r.stderr.decode().strip()}")


def unmount(at):
    for _ in range(50):
        if subprocess.run(["umount", str(at)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"{at} stays mounted")


@contextlib.contextmanager
def places():
    """both ways: the store on the same file system, and on another one"""
    other = work / "other"
    other.mkdir(exist_ok=True)
    mount("none", other, "-t", "tmpfs")
    try:
        yield (("rename", Place(work / "same/in", work / "same/state")), ("copy", Place(other / "in", work / "apart/state")))
    finally:
        unmount(other)


LINE = re.compile(r"^(\w+)\(")
HARMLESS = {"close", "brk", "mmap", "munmap", "mprotect", "exit_group", "rt_sigaction", "rt_sigprocmask", "futex", "getpid", "write", "wait4", "kill", "madvise",
            "restart_syscall", "sigaltstack", "exit", "poll", "ppoll", "epoll_wait", "recvmsg", "getuid", "geteuid", "sched_yield", "clock_nanosleep"}


def calls_of_the_act(place):
    """(name, how many of that name went before) of each system call from the opening of the store on, but for those that can't fail or are not the store's"""
    trace = work / "trace"
    place.again()
    place.take(tracer=["strace", "-o", str(trace)], code=1)
    equal(place.census(), "held")
    counts, calls, begun = {}, [], False
    for line in trace.read_text(errors="replace").splitlines():
        m = LINE.match(line)
        if m:
            counts[m[1]] = counts.get(m[1], 0) + 1
            begun = begun or (m[1] in ("mkdir", "mkdirat") and "quarantine" in line)
            if begun and m[1] not in HARMLESS:
                calls.append((m[1], counts[m[1]]))
    assert len(calls) > 30, calls
    return calls


def stopped_at(place, name, count, *more):
    """the tracer of a certban that was stopped at that call; None: it came to its end"""
    command = ["strace", "-o", "/dev/null", "-e", f"inject={name}:signal=STOP:when={count}"]
    args = place.command("scan", "--jobs", "1", "--no-builtin", "--policy", str(work / "ban.xml"), "--action", "quarantine")
    out = subprocess.PIPE if more else subprocess.DEVNULL
    child = subprocess.Popen([*command, *args, *more, str(place.folder)], env=ENV, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
    seen = 0
    for _ in range(1000):
        if child.poll() is not None:
            return None
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{child.pid}/task/{child.pid}/children", encoding="utf-8") as children:
                pid = int(children.read().split()[0])
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                seen = seen + 1 if stat.read().rpartition(")")[2].split()[0] in "tT" else 0
        if seen == 8:  # a tracer's own stops are shorter
            return child
        time.sleep(0.02)
    kill_session(child)
    raise AssertionError("it neither ended nor stopped")


def kill_session(child):
    """everything that it started, stopped or not"""
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(name)) == child.pid:
                os.kill(int(name), signal.SIGKILL)
    child.wait()


def cut_power(at, child):
    fd = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
    finally:
        os.close(fd)
    kill_session(child)


@contextlib.contextmanager
def another_device():
    """so that what is mounted next has another number"""
    spare = work / "spare.img"
    with open(spare, "wb") as f:
        f.truncate(1 << 20)
    loop = subprocess.run(["losetup", "-f", "--show", str(spare)], capture_output=True, check=True).stdout.decode().strip()
    try:
        yield
    finally:
        subprocess.run(["losetup", "-d", loop], check=True)
        spare.unlink()


def as_user(uid, code):
    """a Python program as another user"""
    return subprocess.Popen(["/usr/bin/python3", "-c", code], user=uid, group=uid, extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")


def hash_policy(data, name):
    (work / name).write_text(f"""<policy xmlns="urn:certban:policy:1" id="{name}" version="1" issued="2024-01-01"><title>A file</title>
<ban id="{name}" action="quarantine" severity="critical" confidence="certain"><file size="{len(data)}"><sha256>{hashlib.sha256(data).hexdigest()}</sha256></file><reason>r</reason></ban></policy>""")
    return str(work / name)


def dump(path):
    st = os.lstat(path)
    flags = bytearray(8)
    with open(path, "rb") as f:
        with contextlib.suppress(OSError):
            fcntl.ioctl(f, 0x80086601, flags)  # FS_IOC_GETFLAGS
    xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return (oct(st.st_mode), st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns, st.st_nlink, xattrs, flags[0] & 0x30,
            hashlib.sha256(open(path, "rb").read()).hexdigest())


def until(what):
    for _ in range(4000):
        with contextlib.suppress(OSError):
            if what():
                return
        time.sleep(0.005)
    raise AssertionError("it never came so far")
