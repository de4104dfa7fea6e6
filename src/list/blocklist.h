/* SPDX-License-Identifier: Apache-2.0 */
/* All loaded policies in one index. Built once a run, read-only afterwards, shared by every process of the run. */
#ifndef CERTBAN_LIST_BLOCKLIST_H
#define CERTBAN_LIST_BLOCKLIST_H

#include "base/error.h"
#include "model/rule.h"

struct blocklist;
struct revocations;

struct blocklist *blocklist_new(void);
void blocklist_free(struct blocklist *list);

/* blocklist_add takes over a policy's rules (the policy must outlive the list). Expired rules (by now) are counted and left
 * out, and so are keys that name a certificate on the never-ban list, unless the rule overrides it. */
CERTBAN_MUST_USE bool blocklist_add(struct blocklist *list, const struct policy *policy, int64_t now, struct error *err);

/* blocklist_keep is blocklist_add, and the list frees the policy when it is freed itself. On failure the caller still owns it. */
CERTBAN_MUST_USE bool blocklist_keep(struct blocklist *list, struct policy *policy, int64_t now, struct error *err);

/* blocklist_seal sorts and freezes the index; lookups are allowed from then on. */
CERTBAN_MUST_USE bool blocklist_seal(struct blocklist *list, struct error *err);

/* blocklist_revoke adds the entries of revocation lists behind the rules of a sealed list, which owns them then. They are found by
 * blocklist_revoked alone (revocations_find; NULL: there are none), but they are counted and have numbers as rules do, and one policy. On
 * failure the caller still owns them. */
CERTBAN_MUST_USE bool blocklist_revoke(struct blocklist *list, struct revocations *revoked, struct error *err);
struct revocations *blocklist_revoked(const struct blocklist *list);

/* blocklist_wants says whether any key of a ban (allow rules are asked for only after a match) of that kind is listed (for KEY_TBS: with a
 * value of n bytes; else n is ignored), so that identities nobody names are never computed. */
bool blocklist_wants(const struct blocklist *list, enum key_kind kind, size_t n);

/* blocklist_wants_size says whether a file of that size may be named by a file hash: a key with that size, or with none. */
bool blocklist_wants_size(const struct blocklist *list, uint64_t size);

/* blocklist_names_size says whether a key with exactly that file size is listed: worth a look whatever the file's format. */
bool blocklist_names_size(const struct blocklist *list, uint64_t size);

/* blocklist_find is the run of keys with that kind and value: *n of them, NULL and 0 when there is none. Serials are found by their
 * octets alone: the caller compares the issuer. Subjects, and other names, are not found so. */
const struct key *const *blocklist_find(const struct blocklist *list, enum key_kind kind, struct bytes value, size_t *n);

/* blocklist_find_subject is the run of KEY_SUBJECT keys that may fit a certificate with that common name and organization
 * ("" when absent); blocklist_subject_fits says whether one of them does (what a key does not give fits anything). */
const struct key *const *blocklist_find_subject(const struct blocklist *list, const char *common_name, const char *organization, size_t *n);
bool blocklist_subject_fits(const struct key *key, const char *common_name, const char *organization);

/* blocklist_find_name is the run of keys of a kind that is a name (KEY_PROGRAM, KEY_ORIGINAL_NAME) which are the same as that one, without
 * regard to case and spacing. */
const struct key *const *blocklist_find_name(const struct blocklist *list, enum key_kind kind, const char *name, size_t *n);

/* The rules by number, for results that come back from readers. */
size_t blocklist_count(const struct blocklist *list);
size_t blocklist_expired(const struct blocklist *list); /* those among them that had expired: they have a number but are never found */
const struct rule *blocklist_rule(const struct blocklist *list, uint32_t number); /* NULL past the end */

/* blocklist_spared is how many rules name a certificate on the never-ban list outright, by a key that was left out; *first gets the first
 * of them, NULL when there is none. */
size_t blocklist_spared(const struct blocklist *list, const struct rule **first);

/* The policies in the order they were added. */
size_t blocklist_policies(const struct blocklist *list);
const struct policy *blocklist_policy(const struct blocklist *list, size_t i);

#endif
