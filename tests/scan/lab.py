# SPDX-License-Identifier: Apache-2.0
"""For tests of whole runs (TAP): a folder with a small PKI, programs signed by it, and ways to ask certban about them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
certban = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="certban-scan-"))
os.environ.update(HOME=str(work), CERTBAN_STATE=str(work / "state"), LC_ALL="C.UTF-8", NO_COLOR="1")
tests = []


class Skip(Exception):
    pass


def test(f):
    tests.append(f)
    return f


def sh(command):
    r = subprocess.run(["bash", "-c", f". {TOP}/tests/cli/pki.sh; pki={work}/pki; set -e; {command}"], cwd=work, capture_output=True, check=False)
    assert r.returncode == 0, r.stderr.decode()[-400:]


def make(*args):
    subprocess.run([TOP / "tools" / args[0], *map(str, args[1:])], cwd=work, check=True)


def run(*args, code=None, timeout=120):
    r = subprocess.run([certban, *map(str, args)], cwd=work, capture_output=True, timeout=timeout, check=False)
    assert b"ERROR: AddressSanitizer" not in r.stderr and b"runtime error" not in r.stderr, r.stderr.decode()[-800:]
    if code is not None:
        assert r.returncode == code, f"exit status {r.returncode}, not {code}: {r.stdout.decode()[-300:]} {r.stderr.decode()[-300:]}"
    return r


def objects(*args, code=None):
    return [json.loads(line) for line in run(*args, code=code).stdout.decode().splitlines()]


def check(path, *args, code=None):
    found = [o for o in objects("check", "--json", "--no-builtin", "--policy", "ban.xml", *args, path, code=code) if o["type"] == "file"]
    assert len(found) == 1, found
    return found[0]


def finding(path, *args):
    return check(path, *args)["finding"]


def equal(a, b, what=""):
    assert a == b, f"{what} {a!r} is not {b!r}"


def setup():
    sh("pki_make pki; pki_policy ban.xml")
    make("make-pe", "new", "plain.exe", "plain")
    make("make-pe", "new", "other.exe", "other")
    sh("""
      pki_sign standin plain.exe bad.exe; pki_sign good plain.exe good.exe; pki_sign good other.exe other-good.exe
      pki_sign good plain.exe one.exe -h sha1
      pki_quietly osslsigncode sign -nest -certs $pki/standin.pem -key $pki/standin.key -h sha256 -in one.exe -out nested.exe
      pki_sign standin plain.exe stamped.exe -TSA-certs $pki/tsa.pem -TSA-key $pki/tsa.key -TSA-time 1640995200
    """)
    make("make-pe", "second", "good.exe", "bad.exe", "second.exe")
    make("macho-sign", "new", "plain.macho")
    make("macho-sign", "new", "arm.macho", "--arch", "arm64")
    sign = ["--chain", "pki/ca.pem"]
    make("macho-sign", "sign", "plain.macho", "bad.macho", "--key", "pki/standin.key", "--cert", "pki/standin.pem", *sign)
    make("macho-sign", "sign", "arm.macho", "good-arm.macho", "--key", "pki/good.key", "--cert", "pki/good.pem", *sign)
    make("macho-sign", "sign", "arm.macho", "bad-arm.macho", "--key", "pki/standin.key", "--cert", "pki/standin.pem", *sign)
    make("macho-sign", "adhoc", "plain.macho", "adhoc.macho")
    make("macho-sign", "fat", "fat.macho", "adhoc.macho", "bad-arm.macho")


def flipped(path, at, bit=1):
    data = bytearray((work / path).read_bytes())
    data[at] ^= bit
    out = work / ("flipped-" + path)
    out.write_bytes(data)
    return out.name


def main():
    """Makes the files, runs each test, and ends the program."""
    failed = 0
    try:
        setup()
        for count, f in enumerate(tests, 1):
            name = f.__name__.replace("_", " ")
            (work / "state/allow.xml").unlink(missing_ok=True)  # what one test restores is banned again in the next
            try:
                f()
                print(f"ok {count} - {name}")
            except Skip as e:
                print(f"ok {count} - {name} # SKIP {e}")
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {count} - {name}")
                print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()[-6:]), end="")
            sys.stdout.flush()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{len(tests)}")
    sys.exit(failed != 0)
