/* SPDX-License-Identifier: Apache-2.0 */
/* What is odd about a file. One list of names; each is documented where it is found. */
#ifndef CERTBAN_MODEL_ANOMALY_H
#define CERTBAN_MODEL_ANOMALY_H

#include "base/arena.h"
#include "model/limits.h"

/* X(enumerator, name in reports, makes a file suspicious by itself, what it means in words) */
#define ANOMALIES(X)                                                                                                                       \
    X(APPENDED_DATA, "appended-data", true, "data behind the signature, where no signature covers it (CVE-2013-3900)")                     \
    X(DATA_AFTER_TABLE, "data-after-table", true, "data behind the certificate table")                                                     \
    X(EXTRA_ENTRY, "extra-entry", true, "a second entry in the certificate table, which Windows ignores")                                  \
    X(BAD_TABLE, "bad-table", true, "the certificate table's lengths make no sense")                                                       \
    X(BAD_DIRECTORY, "bad-directory", true, "the header points to a signature that is not where it says")                                  \
    X(CARVED, "carved", true, "a signature that no structure of the file points to")                                                       \
    X(ODD_ENTRY_TYPE, "odd-entry-type", true, "a certificate table entry of an unusual type or revision")                                  \
    X(ODD_LAYOUT, "odd-layout", true, "headers or sections that loaders and parsers read differently")                                     \
    X(PAGE_HASH_MISMATCH, "page-hash-mismatch", true, "page hashes that don't fit the file")                                               \
    X(NESTED_TOO_DEEP, "nested-too-deep", true, "signatures nested deeper than the limit")                                                 \
    X(STUFFED_ATTRIBUTE, "stuffed-attribute", false, "data in an attribute that no signature covers")                                      \
    X(STUFFED_CERTIFICATE, "stuffed-certificate", false, "something that is no certificate among the certificates")                        \
    X(DUPLICATE_CERTIFICATE, "duplicate-certificate", false, "the same certificate twice")                                                 \
    X(LOOKALIKE_CERTIFICATE, "lookalike-certificate", true, "a certificate with the signer's issuer and serial but another key")           \
    X(MISSING_CERTIFICATE, "missing-certificate", true, "the signer's certificate is not in the signature")                                \
    X(SEVERAL_SIGNERS, "several-signers", true, "more than one signer in one signature")                                                   \
    X(NO_SIGNER, "no-signer", true, "certificates without a signer")                                                                       \
    X(DUPLICATE_ATTRIBUTE, "duplicate-attribute", true, "a signed attribute twice")                                                        \
    X(BER_ENCODING, "ber-encoding", false, "lengths that are no DER")                                                                      \
    X(TRAILING_BYTES, "trailing-bytes", false, "bytes behind an element inside the signature")                                             \
    X(ALGORITHM_MISMATCH, "algorithm-mismatch", true, "different hash algorithms inside one signature")                                    \
    X(WEAK_DIGEST, "weak-digest", false, "a hash algorithm too weak or too old to prove anything")                                         \
    X(EXPLICIT_CURVE, "explicit-curve", true, "a key on a curve given by numbers (CVE-2020-0601)")                                         \
    X(KEY_REENCODED, "key-reencoded", true, "a banned key in another encoding")                                                            \
    X(CERTIFICATE_REENCODED, "certificate-reencoded", true, "a certificate whose thumbprint was changed without touching what is signed")  \
    X(ODD_SERIAL, "odd-serial", false, "a serial number that tools spell differently")                                                     \
    X(ODD_NAME, "odd-name", true, "a name with control characters or mixed scripts")                                                       \
    X(BAD_SIGNATURE, "bad-signature", true, "the signature does not hold")                                                                 \
    X(FOREIGN_TIMESTAMP, "foreign-timestamp", true, "a time stamp made for another signature")                                             \
    X(UNTRUSTED_TIMESTAMP, "untrusted-timestamp", false, "a time stamp that ends in no trusted authority")                                 \
    X(FOREIGN_REVOCATION, "foreign-revocation", false, "a revocation list names the certificate, but its issuer did not sign that list")   \
    X(TIMESTAMP_BEFORE_CERTIFICATE, "timestamp-before-certificate", true, "a time stamp older than the signer's certificate")              \
    X(CLAIMED_TIME_ONLY, "claimed-time-only", false, "the signing time is the signer's word alone")                                        \
    X(DATA_AFTER_CONTAINER, "data-after-container", true, "data behind the end of the container")                                          \
    X(POLYGLOT, "polyglot", true, "the file is two formats at once")                                                                       \
    X(UNREFERENCED_STREAM, "unreferenced-stream", true, "a signature stream that the directory does not reach")                            \
    X(TWO_DIRECTORIES, "two-directories", true, "an archive with two directories")                                                         \
    X(NAME_MISMATCH, "name-mismatch", true, "a member with two names")                                                                     \
    X(MEMBER_MISMATCH, "member-mismatch", true, "a member that the archive describes in two ways")                                         \
    X(HIDDEN_MEMBER, "hidden-member", true, "a member that the directory of the archive does not name")                                    \
    X(OVERLAPPING_MEMBER, "overlapping-member", true, "members that share bytes")                                                          \
    X(DUPLICATE_MEMBER, "duplicate-member", false, "two members of one name")                                                              \
    X(UNSAFE_NAME, "unsafe-name", true, "the name of a member leads out of the folder that it is unpacked to")                             \
    X(OUTSIDE_MEMBER, "outside-member", false, "a member that the archive keeps beside itself, not in it")                                 \
    X(COVERS_PART, "covers-part", false, "the signature covers only a part of what is used")                                               \
    X(VIA_CATALOG, "via-catalog", false, "the signature stands in a catalog file")                                                         \
    X(TEXT_AFTER_SIGNATURE, "text-after-signature", true, "text behind the signature block")                                               \
    X(SEVERAL_BLOCKS, "several-blocks", true, "more than one signature block")                                                             \
    X(HIDDEN_SLICE, "hidden-slice", true, "a slice that the fat header does not count")                                                    \
    X(OVERLAPPING_SLICE, "overlapping-slice", true, "slices that share bytes")                                                             \
    X(CD_UNBOUND, "cd-unbound", true, "an alternate CodeDirectory that the signature does not name")                                       \
    X(CD_MISMATCH, "cd-mismatch", true, "CodeDirectories or slices that disagree about who they are")                                      \
    X(BAD_BLOB, "bad-blob", true, "a code signature whose structure makes no sense")                                                       \
    X(UNSIGNED_TAIL, "unsigned-tail", true, "bytes of the program that its signature leaves out")                                          \
    X(STRIPPED_SIGNATURE, "stripped-signature", true, "remains of a removed signature")                                                    \
    X(RESOURCE_MODIFIED, "resource-modified", true, "a sealed resource that was changed, added or removed")                                \
    X(ENCRYPTED_MEMBER, "encrypted-member", true, "a member that can't be read without a password")                                        \
    X(CHANGED_WHILE_READ, "changed-while-read", true, "the file changed while it was read")

enum anomaly_name {
#define X(id, name, suspicious, words) ANOMALY_##id,
    ANOMALIES(X)
#undef X
        ANOMALY_COUNT
};

struct anomaly {
    enum anomaly_name name;
    bool weighty;       /* makes the file suspicious: the name's default, or the finder's better knowledge */
    uint64_t at;        /* offset in the file */
    uint64_t size;      /* of what is odd, 0 when that means nothing */
    const char *detail; /* one clause, in the arena or a literal; NULL when the name says all */
};

enum { ANOMALIES_MAX = LIMIT_ANOMALIES_GREATEST };

struct anomalies {
    struct anomaly *all;
    size_t n, room;
    size_t more; /* found past LIMIT_ANOMALIES, not kept */
};

/* anomaly_note adds one; past LIMIT_ANOMALIES, or without memory, it is only counted, unless its name makes a file suspicious and one
 * that does not can make room. detail must outlive the arena or lie in it. */
struct anomaly *anomaly_note(struct anomalies *anomalies, struct arena *arena, enum anomaly_name name, uint64_t at, uint64_t size,
                             const char *detail);

/* anomaly_has says whether one of that name is kept. */
bool anomaly_has(const struct anomalies *anomalies, enum anomaly_name name);

/* anomaly_text is the name in reports; anomaly_words says in a sentence what it means. */
const char *anomaly_text(enum anomaly_name name);
const char *anomaly_words(enum anomaly_name name);

#endif
