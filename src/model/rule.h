/* SPDX-License-Identifier: Apache-2.0 */
/* What is banned, and for what: the plain data of policies. Filled by list/. */
#ifndef CERTBAN_MODEL_RULE_H
#define CERTBAN_MODEL_RULE_H

#include "base/bytes.h"
#include "model/cert.h"

/* What a key names. Certificate hashes are told apart by kind, TBS hashes by their length (any hash). */
enum key_kind {
    KEY_CERT_MD5,
    KEY_CERT_SHA1,
    KEY_CERT_SHA256,
    KEY_TBS,           /* hash of the TBSCertificate element, 16 to 64 bytes */
    KEY_SPKI,          /* SHA-256 of the SubjectPublicKeyInfo element */
    KEY_SERIAL,        /* serial octets without leading zeros; with an issuer, or weak */
    KEY_SUBJECT,       /* common name and/or organization, with or without issuer; always weak */
    KEY_SUBSCRIBER,    /* OID content octets of an extended key usage, with an issuer organization */
    KEY_PROGRAM,       /* the name of the program, which an Authenticode signer signs along (SpcSpOpusInfo); always weak */
    KEY_TEAM_ID,       /* ten characters; always weak */
    KEY_CDHASH,        /* 20 bytes */
    KEY_AUTHENTICODE,  /* the file digest that an Authenticode signature claims, any hash */
    KEY_FIRST_PAGE,    /* SHA-1 or SHA-256 of a PE file's headers as one page, without what no signature covers; always weak */
    KEY_ORIGINAL_NAME, /* OriginalFilename of the version resource; always weak */
    KEY_FILE_MD5,
    KEY_FILE_SHA1,
    KEY_FILE_SHA256,
    KEY_COUNT
};

/* key_name is the word in reports: "sha256", "tbs", "spki-sha256", "serial", "team-id", "file-sha256" … */
const char *key_name(enum key_kind kind);

/* Where a certificate stands in a signature. ROLE_ANY in a rule fits each of them; ROLE_BAG is "present only". */
enum role { ROLE_SIGNER, ROLE_CHAIN, ROLE_TIMESTAMP, ROLE_BAG, ROLE_ANY, ROLE_COUNT };
const char *role_name(enum role role);

enum action { ACTION_REPORT, ACTION_FLAG, ACTION_QUARANTINE, ACTION_COUNT };
const char *action_name(enum action action);

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITY_COUNT };
const char *severity_name(enum severity severity);

enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH, CONFIDENCE_CERTAIN, CONFIDENCE_COUNT };
const char *confidence_name(enum confidence confidence);

struct rule;
struct policy;
struct revocation_list;

/* One way to name what a rule bans. */
struct key {
    enum key_kind kind;
    enum role role;
    struct bytes value;               /* as the kind says; for KEY_SUBJECT the common name (may be empty) */
    struct bytes issuer;              /* KEY_SERIAL, KEY_SUBJECT: an encoded Name element; empty when none or only a common name is given */
    struct bytes issuer_common_name;  /* an issuer given by common name only: weak */
    struct bytes organization;        /* KEY_SUBJECT */
    struct bytes issuer_organization; /* KEY_SUBSCRIBER */
    uint64_t file_size;               /* of a KEY_FILE_*, 0 when not known */
    bool weak;                        /* may flag at most, unless the rule accepts weak keys */
    uint32_t thing;                   /* keys of a rule with the same number stand in one element: they name one thing */
    const struct rule *rule;
};

/* A version as four numbers, as in VS_FIXEDFILEINFO. */
struct version {
    uint16_t part[4];
};

struct exception;

/* Conditions of a rule; all that are given must hold. */
struct conditions {
    bool has_after, has_before;
    int64_t signed_after, signed_before;           /* seconds since 1970 */
    const char *platform;                          /* "windows", "macos"; NULL when any */
    const char *product, *original_name, *company; /* of the version resource, compared case-folded; NULL when any */
    const char *internal_name, *description;
    bool has_min, has_max;
    struct version min, max; /* inclusive */
    const char *path;        /* a glob over the path; NULL when any */
    /* Of the signature by which the rule fits; empty when any. None of them holds where its signer is not proven. */
    struct bytes issued_under; /* hash of the TBSCertificate of the signer's certificate or of one that vouches for it, 16 to 64 octets */
    struct bytes eku, eku_except;   /* OID content octets of a usage that the signer's certificate must have, and of one that it must not */
    const struct exception *except; /* files that the rule excuses although it fits them; any of these suffices */
    size_t n_except;
};

/* A file that a rule is not about; all that is given must hold. */
struct exception {
    struct bytes authenticode; /* the digest that its signature covers, SHA-256 or longer; empty when any */
    struct conditions only;    /* of these the names and versions of the version resource */
};

struct rule {
    uint32_t number; /* its place in the blocklist: what readers send instead of pointers */
    const char *id;  /* unique inside its policy */
    const struct policy *policy;
    bool allow; /* an allow rule: excuses instead of bans */
    bool fresh; /* an update brought it less than a day ago: the brake holds it sooner */
    enum action action;
    enum severity severity;
    enum confidence confidence;
    bool weak_accepted;             /* weak="accept": weak keys may quarantine too */
    bool takes_archives;            /* archives="take": a member lets any archive around it be moved, not only an installer */
    bool never_ban_overridden;      /* never-ban="override": it may hit what is on the never-ban list */
    int64_t expires;                /* INT64_MAX when never */
    const char *reason, *reference; /* NULL when not given */
    struct key *keys;
    size_t n_keys;
    struct conditions only;
    const struct cert *cert;            /* the certificate itself where the policy holds it (missing-certificate proofs); else NULL */
    struct revocation_list *revoked_by; /* the list that it is an entry of (list/revocations.h); NULL: it is a policy's rule */
    int revoked_for;                    /* that entry's reason (enum crl_reason) */
};

struct policy {
    const char *id, *title, *version_text, *origin; /* origin: the file's path, or "built-in" */
    uint32_t version;
    int64_t issued;     /* seconds since 1970; INT64_MIN when nobody says: certificates in a folder */
    struct rule *rules; /* NULL: revocation lists, of whose entries a rule is made when one is met */
    size_t n_rules;
};

#endif
