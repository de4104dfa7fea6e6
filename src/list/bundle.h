/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: policies in one signed file, for machines that get theirs from elsewhere. Text lines, each ending in LF:
 *
 *     certban bundle 1
 *     signature KEYID BASE64         one to four; KEYID is 16 digits of hex, BASE64 the 64 octets of an Ed25519 signature over the first
 *                                    line (with its LF) and all that stands behind the last signature line
 *     id ID                          letters, digits, . _ -
 *     version N                      1 to 999999999999; must rise from bundle to bundle of one id
 *     issued TIME                    RFC 3339
 *     expires TIME                   from then on it is not taken any more
 *     policy SIZE                    one to 64: the octets of each policy below
 *     (an empty line)
 *     POLICY…                        the policies' XML, one behind the other, to the end of the file
 *
 * Nothing behind the signature lines is looked at before a signature is good.
 */
#ifndef CERTBAN_LIST_BUNDLE_H
#define CERTBAN_LIST_BUNDLE_H

#include "base/text.h"
#include "crypto/ed25519.h"
#include "list/policy.h"

enum { BUNDLE_SIGNATURES_MAX = 4, BUNDLE_POLICIES_MAX = 64 };
#define BUNDLE_SIZE_MAX ((size_t)64 << 20)
#define BUNDLE_VERSION_MAX UINT64_C(999999999999)

/* Keys that may sign. */
struct bundle_keys {
    const struct ed25519_key *all;
    size_t n;
};

struct bundle {
    char id[129];
    uint64_t version;
    int64_t issued, expires;                                 /* seconds since 1970 */
    uint8_t signers[BUNDLE_SIGNATURES_MAX][ED25519_ID_SIZE]; /* ids of the keys whose signatures are good */
    size_t n_signers;                                        /* 0 when it was read without keys */
    struct policy *policies[BUNDLE_POLICIES_MAX];
    size_t n_policies;
    size_t n_rules; /* of all of them */
};

/*
 * bundle_read reads a bundle whose signature one of the keys must have made. keys NULL: no signature is checked, for files that
 * were checked when they were put where nobody else may write. Policies say origin in messages. bundle_free gives the policies back.
 */
CERTBAN_MUST_USE bool bundle_read(struct bytes content, const char *origin, const struct bundle_keys *keys, struct bundle *out,
                                  struct error *err);
void bundle_free(struct bundle *bundle);

/* bundle_take hands the i-th policy over to the caller. */
struct policy *bundle_take(struct bundle *bundle, size_t i);

/* What a new bundle says of itself. */
struct bundle_head {
    const char *id;
    uint64_t version;
    int64_t issued, expires;
};

/* bundle_write appends a bundle of n policies' XML, signed by each of the private keys (PEM). It is read back before it is given. */
CERTBAN_MUST_USE bool bundle_write(const struct bundle_head *head, const struct bytes *policies, size_t n, const struct bytes *private_keys,
                                   size_t n_keys, struct text *out, struct error *err);

#endif
