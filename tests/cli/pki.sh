# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A test PKI and files signed with it, made anew in a folder; sourced by tests/cli/golden and tools/demo. Needs openssl, osslsigncode
# and python3. Keys are new each time; names, serials and dates are fixed.
#   pki_make DIR            root, code authority, two signers (standin, good), a time-stamping authority
#   pki_sign WHO IN OUT …   signs a program as one of them; further arguments go to osslsigncode
#   pki_policy FILE         a policy that bans the stand-in's certificate

pki_make() {
  pki=$1
  mkdir -p "$pki/db"
  : >"$pki/db/index"
  cat >"$pki/conf" <<CONF
[req]
distinguished_name=name
prompt=no
[name]
CN=replaced
[ca]
default_ca=here
[here]
database=$pki/db/index
serial=$pki/db/serial
new_certs_dir=$pki/db
default_md=sha256
policy=names
unique_subject=no
[names]
countryName=optional
organizationName=optional
commonName=supplied
[authority]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[code]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectKeyIdentifier=hash
[time]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
subjectKeyIdentifier=hash
CONF
  pki_issue root authority 01 '/C=CY/O=Example/CN=Example Root' &&
    pki_issue ca authority 02 '/C=CY/O=Example/CN=Example Code Signing CA' root &&
    pki_issue standin code 1A2B3C4D5E6F7081 '/C=CY/O=Stand-in Ltd/CN=Stand-in Ltd' ca &&
    pki_issue good code 0B0B0B0B0B0B0B0B '/C=CY/O=Good Software/CN=Good Software' ca &&
    pki_issue tsa time 03 '/C=CY/O=Example/CN=Example Time Stamping' root
}

# pki_issue NAME EXTENSIONS SERIAL SUBJECT [AUTHORITY]
pki_issue() {
  echo "$3" >"$pki/db/serial"
  local by=(-selfsign -keyfile "$pki/$1.key")
  [ $# -lt 5 ] || by=(-cert "$pki/$5.pem" -keyfile "$pki/$5.key")
  pki_quietly openssl req -new -newkey rsa:2048 -nodes -config "$pki/conf" -subj "$4" -keyout "$pki/$1.key" -out "$pki/$1.csr" &&
    pki_quietly openssl ca -batch -notext -config "$pki/conf" -in "$pki/$1.csr" -out "$pki/$1.pem" -extensions "$2" \
      -startdate 20200101000000Z -enddate 20400101000000Z "${by[@]}"
}

pki_quietly() {
  local words
  words=$("$@" 2>&1) || { echo "$words" >&2; return 1; }
}

pki_sign() {
  local who=$1 in=$2 out=$3
  shift 3
  pki_quietly osslsigncode sign -certs "$pki/$who.pem" -key "$pki/$who.key" -ac "$pki/ca.pem" -h sha256 "$@" -in "$in" -out "$out"
}

pki_policy() {
  local hash
  hash=$(openssl x509 -in "$pki/standin.pem" -outform DER | sha256sum | cut -d' ' -f1)
  cat >"$1" <<XML
<policy xmlns="urn:certban:policy:1" id="example" version="1" issued="2024-01-01">
  <title>An example</title>
  <ban id="stand-in" action="quarantine" severity="critical" confidence="certain">
    <certificate role="signer">
      <sha256>$hash</sha256>
    </certificate>
    <reason>The key was stolen.</reason>
  </ban>
</policy>
XML
}
