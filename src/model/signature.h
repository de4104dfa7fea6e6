/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a format found in a file: claims ("these spans hash to this"), the CMS that signs them, and what was odd.
 * Formats fill these; crypto proves them; nothing here decides. All memory is the file's arena.
 */
#ifndef CERTBAN_MODEL_SIGNATURE_H
#define CERTBAN_MODEL_SIGNATURE_H

#include "base/arena.h"
#include "base/hash.h"
#include "model/anomaly.h"
#include "model/cert.h"
#include "model/limits.h"

struct source;

/* A piece of what is hashed: file bytes, or literal bytes where literal.n is not 0, or n zero bytes where zeros is set. */
struct span {
    uint64_t at, n;       /* in the source */
    struct bytes literal; /* memory instead of file bytes */
    bool zeros;           /* n zero bytes instead of file bytes */
    struct source *from;  /* another source than the file: a part of it unpacked, read once from at to its end; NULL: the file */
};

/*
 * "These spans hash to this." With page 0, expected is one digest over all spans together. Otherwise the spans, taken as
 * one run of bytes, are cut every page bytes (the last one may be short) and expected holds one digest a page, end to end.
 * digest_size may be smaller than the algorithm's (Apple's truncated SHA-256): digests are compared over digest_size bytes.
 */
struct claim {
    enum hash hash;
    size_t digest_size;
    struct bytes expected;
    struct span *spans;
    size_t n_spans;
    uint64_t page;
    const char *what; /* for messages: "file digest", "page hashes", "Info.plist"; a literal or in the arena */
};

struct attribute {
    struct bytes oid;     /* OID content octets */
    struct bytes *values; /* each value's whole element */
    size_t n_values;
    uint64_t at;   /* the offset of the Attribute element in the file, when known */
    uint64_t size; /* of the Attribute element */
};

/* One SignerInfo (RFC 5652 5.3, PKCS#7 1.5 9.2). */
struct signer_info {
    struct bytes issuer, serial; /* issuerAndSerialNumber: Name element, serial as in struct cert; empty when by key id */
    struct bytes key_id;         /* subjectKeyIdentifier; empty when by issuer and serial */
    enum hash hash;              /* digestAlgorithm */
    struct bytes algorithm;      /* signatureAlgorithm: the AlgorithmIdentifier element */
    struct bytes signature;      /* encryptedDigest: content octets (a constructed OCTET STRING is joined) */
    struct bytes signed_attrs;   /* the [0] element as it stands (tag A0); empty when absent. Hash it with tag 31 */
    struct attribute *attrs;     /* signed attributes */
    size_t n_attrs;
    struct attribute *unsigned_attrs;
    size_t n_unsigned_attrs;
    struct bytes message_digest; /* value of 1.2.840.113549.1.9.4, empty when absent or not exactly one */
    struct bytes content_type;   /* OID content octets of 1.2.840.113549.1.9.3, empty when absent */
    int64_t signing_time;        /* 1.2.840.113549.1.9.5, a claim; INT64_MIN when absent */
    bool duplicate_attribute;    /* a signed attribute that must be single stands twice or has two values */
    uint64_t at;
};

/* A SignedData (RFC 5652 5.1; PKCS#7 1.5 in Authenticode). Filled by asn1/cms. */
struct signed_data {
    struct bytes content_type; /* OID content octets of the encapsulated content */
    struct bytes content;      /* CMS: content octets of eContent (joined). PKCS#7: the whole element inside [0]. Empty: detached */
    bool content_is_octets;    /* eContent was an OCTET STRING */
    enum hash hash;            /* the first of digestAlgorithms; HASH_NONE when there is none */
    size_t n_hashes;           /* how many digestAlgorithms */
    struct cert *certs;        /* the bag, broken ones included */
    size_t n_certs;
    struct bytes rest; /* from the first certificate on that the bag had no room for; empty: all are in it */
    uint64_t rest_at;
    struct signer_info *signers;
    size_t n_signers;
    struct bytes whole; /* the ContentInfo element: what follows in the carrier is not signed */
    uint64_t at;        /* its offset in the file */
    unsigned cut;       /* the number of the limit that left something out (as in struct error); 0: none did */
};

enum signature_kind { KIND_AUTHENTICODE, KIND_APPLE, KIND_XAR, KIND_OPC, KIND_NUGET, KIND_XMLDSIG, KIND_COUNT };

/* signature_kind_name is the JSON word: "authenticode", "apple", "xar", "opc", "nuget", "xmldsig". */
const char *signature_kind_name(enum signature_kind kind);

/* Apple's CodeDirectory, as far as reports and rules need it (formats: xnu cs_blobs.h). */
struct code_directory {
    uint32_t slot;  /* 0, or 0x1000 to 0x1004 */
    uint32_t flags; /* 0x2 ad hoc, 0x10000 runtime, 0x20000 linker-signed … */
    enum hash hash;
    struct bytes blob;                /* the whole blob: its hash, cut to 20 bytes, is the cdhash */
    const char *identifier, *team_id; /* NULL when absent */
};

struct signature {
    const char *part; /* "entry0/nested1", "x86_64", "signature", "carved@4096" */
    enum signature_kind kind;
    struct signed_data *sd;     /* NULL: no CMS (ad hoc) or one that could not be read */
    struct signer_info *signer; /* which of sd's signers this signature is; NULL when there is none */
    /* What the signer's messageDigest covers: value octets of SpcIndirectDataContent, the slot-0 CodeDirectory, eContent … */
    struct bytes content;
    struct claim *claims; /* all must hold for "the digest covers the file"; none: nothing ties it to the file */
    size_t n_claims;
    struct claim *pages; /* page hashes beside the file digest: checked with --verify, an anomaly when they differ */
    size_t n_pages;
    enum hash hash;                /* of the claimed file digest */
    struct bytes claimed;          /* the claimed file digest, for reports and authenticode rules; empty when none */
    bool carved;                   /* found by searching, not by structure: presence only, unless its claims hold */
    bool detached;                 /* what it signs is another file, so that only its key can be looked at */
    bool covers_part;              /* the claims leave something uncovered that the format lets run */
    bool algorithm_mismatch;       /* the hashes named in SignedData, SignerInfo and content differ */
    const char *program, *url;     /* SpcSpOpusInfo; NULL when absent */
    const char *via_catalog;       /* the path of the catalog that it stands in; NULL: it stands in the file */
    const struct signature *outer; /* of a nested signature, or of one that counters */
    bool counters;                 /* it signs the octets of outer, to vouch for it (NuGet's repositories), not to stamp the time */
    /* XAR and XML signatures name no SignerInfo: the chain as listed, leaf first, and a plain signature over content. */
    struct cert *certs;
    size_t n_certs;
    struct bytes raw_signature;
    enum hash raw_hash; /* of content, for raw_signature */
    bool raw_prehashed; /* content is already the digest that was signed */
    bool raw_pair;      /* (EC)DSA: the two numbers side by side, as XML signatures have them */
    /* Apple */
    struct code_directory *directories;
    size_t n_directories;
    bool alternates_bound;        /* the CMS names every CodeDirectory (cdhashes attributes), or there is only one */
    bool best_is_first;           /* the CodeDirectory that the kernel takes is that of slot 0, which the CMS signs by itself */
    struct bytes *bound_cdhashes; /* what those attributes name: 20 octets each, or a whole digest of which 20 count */
    size_t n_bound;
    const char *identifier, *team_id; /* of the best CodeDirectory, or of a leaf's OU */
    uint32_t cs_flags;
};

/* VERSIONINFO, Info.plist or MSI summary: what `only` conditions of rules compare. NULL where absent. */
struct version_info {
    const char *file_version; /* "18.12.416.0" */
    const char *product, *original_name, *company, *description, *internal_name;
};

/* A list of members follows once the file is a container; formats that are no container leave it empty. */
struct contents {
    struct signature *signatures;
    size_t n_signatures;
    size_t room_signatures;
    struct anomalies anomalies;
    struct version_info version;
    struct error unreadable; /* kind ERR_NONE when everything was read; else the first thing that was not */
    bool stapled_ticket;
    bool other; /* the driver that read last says that the file is not of its format after all */
    /* The member of the container that these signatures were read from, and its bytes: it need not be looked at by itself. */
    const char *inner_path; /* NULL: none */
    struct bytes inner;
    /* A program's headers as the first page in memory, without what no signature covers, filled up with zeros; 0: no program. */
    struct span *first_page;
    size_t n_first_page;
};

/* The most signatures examined in one file; one more place is for the certificates that are found past them. */
enum { SIGNATURES_MAX = LIMIT_SIGNATURES_GREATEST + 1 };

/* contents_add appends a zeroed signature and returns it; NULL with err set at the limit (ERR_LIMIT). There is room for
 * SIGNATURES_MAX from the first call on, so that pointers stay good. */
struct signature *contents_add(struct contents *contents, struct arena *arena, struct error *err);

/* contents_full says whether there are as many signatures as LIMIT_SIGNATURES lets one file have. */
bool contents_full(const struct contents *contents, const struct arena *arena);

/* contents_limited is contents_unreadable because of a limit, in the usual words. The limits are the arena's. */
void contents_limited(struct contents *contents, const struct arena *arena, enum limit which);

/* contents_unreadable keeps err as the reason why the file was not read to its end, unless an earlier one is kept. */
void contents_unreadable(struct contents *contents, const struct error *err);

#endif
