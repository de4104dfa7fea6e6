# SPDX-License-Identifier: Apache-2.0
"""Signed programs made, and made otherwise: what run-evasion and run-identities share; with --names they only say what they check. Structures are edited as trees of DER elements; what
a thief with the key could do is signed anew (resign). Each row says what a program must come to. Needs openssl, osslsigncode, python3."""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
certban = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="certban-evasion-"))
os.environ.update(HOME=str(work), CERTBAN_STATE=str(work / "state"), LC_ALL="C.UTF-8", NO_COLOR="1")
SECURITY = 0x58 + 112 + 4 * 8  # tools/make-pe's layout: where data directory 4 is
SEQUENCE, SET, OCTETS, INTEGER, OID = 0x30, 0x31, 0x04, 0x02, 0x06


def sh(command):
    r = subprocess.run(["bash", "-c", f". {TOP}/tests/cli/pki.sh; pki={work}/pki; set -e; {command}"], cwd=work, capture_output=True, check=False)
    assert r.returncode == 0, r.stderr.decode()[-400:]
    return r.stdout


# ---- DER as [tag, children or bytes] ----


def parse(data):
    """every element of data"""
    out, i = [], 0
    while i < len(data):
        tag, n, i = data[i], data[i + 1], i + 2
        if n & 0x80:
            k = n & 0x7F
            n, i = int.from_bytes(data[i : i + k], "big"), i + k
        body, i = data[i : i + n], i + n
        out.append([tag, parse(body) if tag & 0x20 else body])
    return out


def der(e):
    if isinstance(e, bytes):  # already encoded, perhaps badly on purpose
        return e
    body = b"".join(map(der, e[1])) if isinstance(e[1], list) else e[1]
    n = len(body)
    size = bytes([n]) if n < 0x80 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([e[0]]) + size + body


def oid(text):
    a, b, *rest = map(int, text.split("."))
    out = bytes([a * 40 + b])
    for v in rest:
        part = [v & 0x7F]
        while v := v >> 7:
            part.insert(0, 0x80 | v & 0x7F)
        out += bytes(part)
    return [OID, out]


MESSAGE_DIGEST, NESTED = oid("1.2.840.113549.1.9.4"), oid("1.3.6.1.4.1.311.2.4.1")


class Cms:
    """SignedData of one signer, as a tree; certificates, signers and attributes are its live parts."""

    def __init__(self, data):
        self.all = parse(data)[0]
        self.data = self.all[1][1][1][0]
        self.bag = next(e for e in self.data[1] if e[0] == 0xA0)
        self.signers = self.data[1][-1]
        self.content = self.data[1][2]

    def signer(self, i=0):
        return self.signers[1][i][1]

    def attributes(self):
        return next(e for e in self.signer() if e[0] == 0xA0)

    def unsigned(self):
        if self.signer()[-1][0] != 0xA1:
            self.signer().append([0xA1, []])
        return self.signer()[-1]

    def add_unsigned(self, kind, value):
        self.unsigned()[1].append([SEQUENCE, [kind, [SET, [value]]]])
        return self

    def der(self):
        return der(self.all)

    def resign(self, who):
        """What only the owner of the key can do: digest of the content and signature made anew."""
        digest = hashlib.sha256(b"".join(map(der, self.content[1][1][1][0][1]))).digest()
        for a in self.attributes()[1]:
            if a[1][0] == MESSAGE_DIGEST:
                a[1][1] = [SET, [[OCTETS, digest]]]
        (work / "tbs").write_bytes(der([SET, self.attributes()[1]]))
        at = next(i for i, e in enumerate(self.signer()) if e[0] == OCTETS)
        self.signer()[at] = [OCTETS, sh(f"openssl dgst -sha256 -sign $pki/{who}.key tbs")]
        return self


# ---- programs with certificate tables ----


def entry(cms, kind=2, revision=0x200, length=None):
    body = cms + bytes(-len(cms) % 8)
    return struct.pack("<IHH", 8 + len(body) if length is None else length, revision, kind) + body


def with_table(program, table):
    at = struct.unpack_from("<I", program, SECURITY)[0] or len(program)
    out = bytearray(program[:at]) + table
    struct.pack_into("<II", out, SECURITY, at, len(table))
    return bytes(out)


def cms_of(program):
    at = struct.unpack_from("<I", program, SECURITY)[0]
    blob = program[at + 8 :]
    return der(parse(blob[: 4 + struct.unpack_from(">H", blob, 2)[0]])[0])


def put(program, at, layout, *values):
    out = bytearray(program)
    struct.pack_into(layout, out, at, *values)
    return bytes(out)


def read(name):
    return (work / name).read_bytes()


def certificate(name):
    return parse(sh(f"openssl x509 -in $pki/{name}.pem -outform DER"))[0]


def policy(name, identity):
    (work / name).write_text(
        '<policy xmlns="urn:certban:policy:1" id="p" version="1" issued="2024-01-01"><title>t</title><ban id="r" action="quarantine">'
        f'<certificate role="signer">{identity}</certificate><reason>r</reason></ban></policy>'
    )


def tool(*args):
    subprocess.run([TOP / "tools/macho-sign", *args], cwd=work, check=True)


def make_programs():
    sh("pki_make pki; pki_policy ban.xml")
    for name in ("plain", "other"):
        subprocess.run([TOP / "tools/make-pe", "new", f"{name}.exe", name], cwd=work, check=True)
    sh("""
      pki_sign standin plain.exe bad.exe; pki_sign good plain.exe good.exe; pki_sign standin other.exe bad-other.exe
      pki_sign standin plain.exe pages.exe -ph
      pki_sign standin plain.exe blob.exe -addUnauthenticatedBlob
      pki_sign good plain.exe good-blob.exe -addUnauthenticatedBlob
      pki_sign standin plain.exe stamped.exe -TSA-certs $pki/tsa.pem -TSA-key $pki/tsa.key -TSA-time 1640995200
      pki_sign good plain.exe good-stamped.exe -TSA-certs $pki/tsa.pem -TSA-key $pki/tsa.key -TSA-time 1640995200
      : >$pki/db/index
      pki_issue lookalike code 1A2B3C4D5E6F7081 '/C=CY/O=Stand-in Ltd/CN=Stand-in Ltd' ca
      cp $pki/standin.key $pki/anew.key
      echo 2222222222222222 >$pki/db/serial
      openssl req -new -key $pki/anew.key -config $pki/conf -subj '/C=CY/O=Stand-in Ltd/CN=Stand-in Ltd' -out $pki/anew.csr
      pki_quietly openssl ca -batch -notext -config $pki/conf -in $pki/anew.csr -out $pki/anew.pem -extensions code -startdate 20200101000000Z \
        -enddate 20400101000000Z -cert $pki/ca.pem -keyfile $pki/ca.key
      pki_sign anew plain.exe anew.exe
    """)
    leaf = certificate("standin")
    tbs = hashlib.sha256(der(leaf[1][0])).hexdigest()
    spki = hashlib.sha256(der(leaf[1][0][1][6])).hexdigest()
    policy("tbs.xml", f"<tbs-sha256>{tbs}</tbs-sha256>")
    policy("spki.xml", f"<spki-sha256>{spki}</spki-sha256>")
    policy("serial.xml", '<serial issuer="CN=Example Code Signing CA,O=Example,C=CY">1a2b3c4d5e6f7081</serial>')


def check(program, rules="ban.xml", command="check", args=()):
    """the report of a program, with what is said of it besides (errors)"""
    path = work / "case.exe"
    path.write_bytes(program)
    r = subprocess.run([certban, command, "--json", "--no-builtin", "--policy", rules, *args, path], cwd=work, capture_output=True, timeout=120, check=False)
    assert b"Sanitizer" not in r.stderr and b"runtime error" not in r.stderr, r.stderr.decode()[-800:]
    objects = [json.loads(line) for line in r.stdout.decode().splitlines()]
    told = next(o for o in objects if o["type"] == "file" and "parent" not in o)
    return {**told, "errors": [f"{o['kind']}: {o['message']}" for o in objects if o["type"] == "error"]}


cases = []


def case(name, finding, *anomalies, **more):
    """The function makes the program; the finding and at least these anomalies must be reported, in JSON and for people. more: rules (a
    policy), args of certban, detail (words of an anomaly), error (words of an error), words (what is told people), without (an anomaly that must not be there)."""
    return lambda make: cases.append((name, make, finding, anomalies, more))


def edit(change, program="bad.exe"):
    """The program with its CMS changed by a function."""
    cms = Cms(cms_of(read(program)))
    done = change(cms)
    return with_table(read(program), entry(done if isinstance(done, bytes) else cms.der()))


def appended(program, extra):
    table = cms_of(read(program)) + extra
    return with_table(read(program), entry(table))


def main(setup):
    if "--names" in sys.argv:
        print("\n".join(row[0] for row in cases))
        shutil.rmtree(work, ignore_errors=True)
        return 0
    if not (shutil.which("osslsigncode") and shutil.which("openssl")):
        print("1..0 # SKIP needs openssl and osslsigncode")
        return 0
    failed = 0
    try:
        setup()
        for i, row in enumerate(cases, 1):
            try:
                judge(*row)
                print(f"ok {i} - {row[0]}")
            except Exception:
                failed += 1
                print(f"not ok {i} - {row[0]}\n# " + "\n# ".join(traceback.format_exc().strip().splitlines()[-4:]))
            sys.stdout.flush()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{len(cases)}")
    return failed != 0


def judge(name, make, finding, anomalies, more):
    rules, args, detail, error = more.get("rules", "ban.xml"), more.get("args", ()), more.get("detail", ""), more.get("error", "")
    got = check(make(), rules, args=args)
    names = {a["name"] for a in got.get("anomalies", [])}
    assert got["finding"] == finding, f"{got['finding']}, not {finding}; {sorted(names)}; {got['errors']}"
    assert names >= set(anomalies), f"only {sorted(names)}, not {sorted(anomalies)}"
    assert any(detail in a.get("detail", "") for a in got.get("anomalies", [])) or not detail, got["anomalies"]
    assert any(error in e for e in got["errors"]) or not error, got["errors"]
    assert more.get("without") not in names, names
    if "missing-certificate" in names or finding == "unsigned":
        assert check(make(), rules, "scan", (*args, "--all"))["finding"] == finding, "a scan says something else"
    if finding != "clean":
        text = subprocess.run([certban, "show", "--no-builtin", "--policy", rules, *args, "case.exe"], cwd=work, capture_output=True, check=False).stdout.decode()
        assert all(a in text for a in anomalies), text
        assert more.get("words", "") in text, text
