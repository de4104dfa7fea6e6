# SPDX-License-Identifier: Apache-2.0
"""For tests of whole runs (TAP): programs signed by a small PKI, and ways to ask certban about them. The rest is made.py's."""
import functools
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "format"))
import made  # noqa: E402
from made import TOP, Skip, certban, equal, sh, work  # noqa: E402, F401  pylint: disable=unused-import


def test(f):
    @functools.wraps(f)
    def alone():
        (work / "state/allow.xml").unlink(missing_ok=True)  # what one test restores is banned again in the next
        f()

    return made.test(alone)


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
    made.main(setup)
