/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about one file or member. Made in a reader, sent over a socket, printed by the main process. */
#ifndef CERTBAN_MODEL_VERDICT_H
#define CERTBAN_MODEL_VERDICT_H

#include "base/error.h"
#include "base/hash.h"
#include "model/anomaly.h"
#include "model/rule.h"
#include "model/signature.h"

/* In order of strength: the strongest of a file's own and its members' is the file's. */
enum finding {
    FINDING_OTHER,      /* no format knows it */
    FINDING_UNSIGNED,   /* a known format without a signature */
    FINDING_CLEAN,      /* signed, nothing listed */
    FINDING_EXEMPT,     /* banned, but verifiably signed before the ban's date, or excused by an allow rule */
    FINDING_SUSPICIOUS, /* nothing banned, but a known trick */
    FINDING_UNREADABLE, /* could not be examined to the end */
    FINDING_LISTED,     /* something banned is present, but not proven */
    FINDING_BANNED,     /* banned and proven */
    FINDING_COUNT
};
const char *finding_name(enum finding finding);

/* The outcome of a check. CHECK_UNTRUSTED is for time stamps: good mathematics, but no anchor. */
enum check { CHECK_NONE, CHECK_GOOD, CHECK_BAD, CHECK_UNTRUSTED, CHECK_COUNT };
const char *check_name(enum check check);               /* "unchecked" "good" "bad" "untrusted" */
const char *digest_state_name(enum check digest_state); /* "unchecked" "match" "mismatch" */

enum chain_state { CHAIN_UNCHECKED, CHAIN_TRUSTED, CHAIN_UNTRUSTED, CHAIN_INCOMPLETE, CHAIN_COUNT };
const char *chain_state_name(enum chain_state state);

enum proof { PROOF_NONE, PROOF_NAME, PROOF_PRESENT, PROOF_PROVEN, PROOF_COUNT };
const char *proof_name(enum proof proof);

enum timestamp_kind { TIMESTAMP_PKCS9, TIMESTAMP_RFC3161, TIMESTAMP_COUNT };
const char *timestamp_kind_name(enum timestamp_kind kind);

/* What the issuer says of a certificate. REVOCATION_UNKNOWN: it was asked for, but no list that is the issuer's, speaks of such
 * certificates and is not out of date is at hand. */
enum revocation { REVOCATION_UNASKED, REVOCATION_GOOD, REVOCATION_REVOKED, REVOCATION_UNKNOWN, REVOCATION_COUNT };
const char *revocation_name(enum revocation revocation); /* "" "good" "revoked" "unknown" */

/* No time: what signing_time, signed_at and the like hold when there is none. */
#define TIME_NONE INT64_MIN

/* What a certificate's responder said when it was asked (OCSP, RFC 6960). */
struct ocsp_info {
    enum revocation state;           /* REVOCATION_UNASKED: nobody was asked */
    int64_t this_update, revoked_at; /* TIME_NONE when not given */
    const char *url, *detail;        /* who was asked; why the answer does not count, "" when it does */
};

/* A certificate in words. Strings are UTF-8 for JSON (invalid bytes replaced), "" when absent. */
struct cert_info {
    const char *subject, *common_name, *organization, *issuer, *issuer_common_name;
    const char *serial;     /* hex without leading zero octets */
    const char *subscriber; /* dotted OID of a subscriber's lasting identity among the EKUs; "" when none */
    uint8_t sha1[20], sha256[32], tbs_sha256[32], spki_sha256[32];
    int64_t not_before, not_after;
    enum revocation revocation;
    uint32_t revocation_source; /* the rule's number in the blocklist when revoked; the number of the revocation list when good */
    struct ocsp_info ocsp;      /* filled by the main process, where it is asked for */
    struct bytes der;           /* the certificate itself, where it is asked for (examiner.certificates); else empty */
};

struct timestamp_info {
    enum timestamp_kind kind;
    int64_t time;
    enum check state;
    const char *detail;          /* why it is not good; "" when it is */
    bool has_signer, has_issuer; /* the issuer: where certificates are asked for (examiner.certificates) */
    struct cert_info signer, issuer;
};

struct signature_info {
    const char *part;
    enum signature_kind kind;
    enum hash hash;
    struct bytes claimed; /* file digest; empty when none */
    enum check digest, signature;
    const char *detail; /* why a check is bad or was not made; "" when there is nothing to say */
    bool has_signer;
    struct cert_info signer;
    struct cert_info *chain; /* issuers, the leaf not repeated */
    size_t n_chain;
    enum chain_state chain_state;
    bool anchored;        /* the chain ends in a trust anchor, though it may not be trusted now or for this */
    bool root_namesake;   /* it does not, but calls upon one by its name */
    unsigned chain_limit; /* the number of the limit that ended the search for the chain (as in struct error); 0: none did */
    struct timestamp_info *timestamps;
    size_t n_timestamps;
    int64_t signed_at;                                /* the earliest good time stamp; TIME_NONE */
    int64_t claimed_time;                             /* the signer's own word; TIME_NONE */
    const char *program, *url, *identifier, *team_id; /* "" when absent */
    const char *via_catalog;                          /* path of the catalog that it stands in; "": the file */
    struct bytes cdhash;                              /* of the CodeDirectory that the CMS signs (slot 0); empty when none */
    struct bytes *cdhash_alternates;                  /* of the others: systems take the one with the best hash */
    size_t n_cdhash_alternates;
    uint32_t cs_flags;
    bool has_page_hashes;
    enum check page_hashes;
    bool carved, adhoc;
};

struct match_info {
    uint32_t rule; /* number in the blocklist */
    enum key_kind key;
    enum role role;
    enum proof proof;
    bool weak;        /* by a weak key that the rule does not accept: flags at most */
    bool exempt;      /* excused, by its own dates or exceptions or by an allow rule: */
    uint32_t excuse;  /* number of the rule that excuses it; its own one for dates and exceptions */
    const char *part; /* the signature's part; "" for a file hash */
};

/* The most addresses that are gathered from one file. */
enum { CRL_URLS_MAX = 64 };

struct verdict {
    const char *inside; /* path inside the outermost file ("cab1.cab!/a.exe"), "" for the file itself */
    const char *format; /* name in the table of formats, "" for other */
    uint64_t size;
    enum finding finding; /* its own and its members' strongest */
    bool own_action;      /* the finding is the file's own or its format lets a member's count for action */
    enum action action;   /* the strongest that a proven match asks for, a member's where the format lets it count */
    int32_t decisive;     /* index in matches, -1 when none */
    bool has_member_rule; /* no match of its own decided, but a member's */
    uint32_t member_rule; /* that match's rule: its number in the blocklist */
    bool has_spared_rule; /* a rule hit a certificate that nobody may ban (never-ban list), and does not count: */
    uint32_t spared_rule;
    struct match_info *matches;
    size_t n_matches;
    struct signature_info *signatures;
    size_t n_signatures;
    struct anomalies anomalies;
    const char *file_version, *product, *original_name, *company, *description; /* "" when absent */
    struct error unreadable;                                                    /* kind ERR_NONE when all was read */
    bool has_sha256;
    uint8_t sha256[32];               /* of the whole file, when it was hashed anyway */
    uint64_t members, members_signed; /* examined inside, at any depth */
    uint64_t bytes_read;
    uint64_t slice_mark;   /* of one slice of several (scan/slice.h): the same for all that fit together */
    uint64_t unpacked;     /* bytes that came out of its members, for the limit of the run */
    const char **crl_urls; /* where its certificates say that revocation lists are, when asked for (examiner.addresses) */
    size_t n_crl_urls;
    bool stapled_ticket;
    enum check seal; /* of a bundle: whether its files are those that were sealed */
    uint64_t sealed; /* files that were compared with it */
    bool is_signed;  /* it carries at least one signature, good or bad */
};

#endif
