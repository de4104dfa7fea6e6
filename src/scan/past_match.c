/* SPDX-License-Identifier: Apache-2.0 */
/* What a record tells of a file against the blocklist: match_cert.c and prove_match.c on what is written down, not on what is there. */
#include "asn1/name.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "list/never_ban.h"
#include "list/policy_value.h"
#include "scan/exam.h"
#include "scan/past.h"

struct matching {
    const struct blocklist *list;
    struct past_record *record;
    struct arena *arena;
    struct match_info *all;
    size_t n;
    bool failed; /* no memory */
};

#define NOBODY SIZE_MAX

/* What a key fits, and how far the record proves it. */
struct place {
    const struct signature_info *s; /* NULL: the file itself */
    const struct cert_info *cert;   /* NULL: no certificate */
    enum role role;
    bool proven;  /* the signature holds and covers the file; of a time stamp, it holds too */
    size_t above; /* of its issuer in the chain; NOBODY: nobody is known to have signed it */
    bool chain_trusted;
    bool anchor; /* whether the file carries it, too, no record tells: only what is about who stands above a signer counts */
};

/* Whether the signer stands under that certificate. What was not proven, and hashes of other kinds, no record tells. */
static bool is_under(const struct signature_info *s, struct bytes tbs, bool *told) {
    bool under = false;
    if (s == NULL || (s->signature != CHECK_NONE && s->signature != CHECK_GOOD)) {
        return false;
    }
    if (s->signature == CHECK_NONE || tbs.n != sizeof s->signer.tbs_sha256) {
        *told = false;
        return true;
    }
    under = s->has_signer && memcmp(s->signer.tbs_sha256, tbs.p, tbs.n) == 0;
    for (size_t i = 0; i < s->n_chain; i++) {
        under = under || memcmp(s->chain[i].tbs_sha256, tbs.p, tbs.n) == 0;
    }
    return under;
}

/* Conditions on what records don't hold are not told; the others are. */
static bool conditions_hold(const struct matching *m, const struct conditions *only, const struct place *place, bool *told) {
    const struct verdict *v = &m->record->verdict;
    const struct version_info version = {.file_version = v->file_version,
                                         .product = v->product,
                                         .original_name = v->original_name,
                                         .company = v->company,
                                         .description = v->description};
    struct conditions known = *only;
    const char *path = (const char *)m->record->path.p;
    bool from_elsewhere = only->path != NULL && only->path[0] == '/' && path[0] != '/'; /* it depends on where that scan started */
    known.internal_name = NULL;
    *told = only->internal_name == NULL && only->eku.n == 0 && only->eku_except.n == 0 && !from_elsewhere;
    return conditions_fit_file(&known, v->format, &version) &&
           (only->issued_under.n == 0 || is_under(place->s, only->issued_under, told)) &&
           (from_elsewhere || conditions_fit_path(only, path, NULL, m->arena));
}

/* The digests that the file's signatures were seen to cover. */
static bool covers(const struct verdict *v, struct bytes digest) {
    for (size_t i = 0; i < v->n_signatures; i++) {
        if (v->signatures[i].digest == CHECK_GOOD && bytes_equal(v->signatures[i].claimed, digest)) {
            return true;
        }
    }
    return false;
}

static bool is_excepted(const struct matching *m, const struct conditions *only, const struct place *place) {
    bool fits = false;
    if (place->s != NULL && place->s->digest != CHECK_GOOD) {
        return false;
    }
    for (size_t i = 0; i < only->n_except && !fits; i++) {
        const struct exception *x = &only->except[i];
        bool told;
        fits =
            (x->authenticode.n == 0 || covers(&m->record->verdict, x->authenticode)) && conditions_hold(m, &x->only, place, &told) && told;
    }
    return fits;
}

/* Whether the certificate has the key of the one that the rule holds itself. */
static bool is_held(const struct rule *rule, const struct cert_info *cert) {
    uint8_t value[HASH_SIZE_MAX];
    return rule->cert != NULL && digest_bytes(HASH_SHA256, rule->cert->spki, value, NULL) &&
           memcmp(value, cert->spki_sha256, sizeof cert->spki_sha256) == 0;
}

/* As prove_match.c has it: whether the certificate's issuer is known to have signed it, and to be no namesake. */
static bool issuer_verified(const struct key *key, const struct place *place) {
    const struct signature_info *s = place->s;
    return s != NULL && place->above != NOBODY &&
           (s->anchored || is_held(key->rule, place->cert) || (place->above < s->n_chain && !s->root_namesake));
}

static enum proof proof_of(const struct key *key, const struct place *place, bool weak) {
    bool by_name =
        weak || (key->kind == KEY_SERIAL && !issuer_verified(key, place)) || (key->kind == KEY_SUBSCRIBER && !place->chain_trusted);
    bool fits = place->cert == NULL || prove_role_fits(key->role, place->role);
    return by_name ? PROOF_NAME : place->proven && fits ? PROOF_PROVEN : PROOF_PRESENT;
}

static void add(struct matching *m, const struct key *key, const struct place *place) {
    const struct rule *rule = key->rule;
    bool told, elsewhere = place->anchor && key->role != ROLE_CHAIN && key->role != ROLE_ANY;
    if (rule->allow || elsewhere || m->n == MATCHES_MAX || !conditions_hold(m, &rule->only, place, &told)) {
        return;
    }
    bool weak = key->weak && !rule->weak_accepted;
    enum proof proof = proof_of(key, place, weak);
    proof = proof == PROOF_PROVEN && !told ? PROOF_PRESENT : proof;
    bool exempt = (proof == PROOF_PROVEN && place->s != NULL && prove_dates_excuse(&rule->only, place->s->signed_at)) ||
                  is_excepted(m, &rule->only, place);
    m->all[m->n++] = (struct match_info){.rule = rule->number,
                                         .key = key->kind,
                                         .role = place->role,
                                         .proof = proof,
                                         .weak = weak,
                                         .exempt = exempt,
                                         .excuse = rule->number,
                                         .part = place->s != NULL ? place->s->part : ""};
}

static void find(struct matching *m, enum key_kind kind, struct bytes value, const struct place *place) {
    size_t n = 0;
    const struct key *const *keys = value.n != 0 ? blocklist_find(m->list, kind, value, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        add(m, keys[i], place);
    }
}

static void find_name(struct matching *m, enum key_kind kind, const char *name, const struct place *place) {
    size_t n = 0;
    const struct key *const *keys = name[0] != '\0' ? blocklist_find_name(m->list, kind, name, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        add(m, keys[i], place);
    }
}

/* The issuer as a Name; nothing where the text is none. */
static struct bytes issuer_name(struct matching *m, const struct cert_info *cert) {
    struct bytes name;
    return name_from_text(cert->issuer, m->arena, &name, NULL) ? name : bytes_none();
}

static bool issuer_fits(const struct key *key, struct bytes issuer, const struct cert_info *cert) {
    if (key->issuer.n != 0) {
        return issuer.n != 0 && name_equal_either_end(issuer, key->issuer);
    }
    return key->issuer_common_name.n == 0 || bytes_is(key->issuer_common_name, cert->issuer_common_name);
}

static void find_serial(struct matching *m, const struct place *place) {
    const struct cert_info *cert = place->cert;
    uint8_t serial[HASH_SIZE_MAX];
    size_t n, n_keys;
    if (!hex_decode(bytes_text(cert->serial), serial, sizeof serial, &n) || n == 0) {
        return;
    }
    const struct key *const *keys = blocklist_find(m->list, KEY_SERIAL, bytes_make(serial, n), &n_keys);
    struct bytes issuer = n_keys != 0 ? issuer_name(m, cert) : bytes_none();
    for (size_t i = 0; i < n_keys; i++) {
        if (issuer_fits(keys[i], issuer, cert)) {
            add(m, keys[i], place);
        }
    }
}

static void find_subject(struct matching *m, const struct place *place) {
    const struct cert_info *cert = place->cert;
    size_t n;
    const struct key *const *keys = blocklist_find_subject(m->list, cert->common_name, cert->organization, &n);
    struct bytes issuer = n != 0 ? issuer_name(m, cert) : bytes_none();
    for (size_t i = 0; i < n; i++) {
        if (blocklist_subject_fits(keys[i], cert->common_name, cert->organization) && issuer_fits(keys[i], issuer, cert)) {
            add(m, keys[i], place);
        }
    }
}

static void find_subscriber(struct matching *m, const struct place *place) {
    struct bytes oid;
    size_t n = 0;
    bool has = place->cert->subscriber[0] != '\0' && value_oid(bytes_text(place->cert->subscriber), m->arena, &oid);
    const struct key *const *keys = has ? blocklist_find(m->list, KEY_SUBSCRIBER, oid, &n) : NULL;
    struct bytes issuer = n != 0 ? issuer_name(m, place->cert) : bytes_none();
    const char *organization = issuer.n != 0 ? name_attribute(issuer, OID_AT_ORGANIZATION, m->arena) : "";
    for (size_t i = 0; i < n; i++) {
        if (keys[i]->issuer_organization.n == 0 || (organization != NULL && bytes_is(keys[i]->issuer_organization, organization))) {
            add(m, keys[i], place);
        }
    }
}

/* A hash that the record gives: all zeros stand for none. */
static struct bytes given(const uint8_t *hash, size_t n) {
    struct bytes b = bytes_make(hash, n);
    return bytes_zero(b) ? bytes_none() : b;
}

static void match_one(struct matching *m, const struct place *place) {
    const struct cert_info *c = place->cert;
    size_t before = m->n;
    struct bytes sha256 = given(c->sha256, sizeof c->sha256), spki = given(c->spki_sha256, sizeof c->spki_sha256);
    find(m, KEY_CERT_SHA1, given(c->sha1, sizeof c->sha1), place);
    find(m, KEY_CERT_SHA256, sha256, place);
    find(m, KEY_TBS, given(c->tbs_sha256, sizeof c->tbs_sha256), place);
    find(m, KEY_SPKI, spki, place);
    find_serial(m, place);
    find_subject(m, place);
    find_subscriber(m, place);
    if (!never_ban_certificate(sha256.n != 0 ? sha256.p : NULL, spki.n != 0 ? spki.p : NULL)) {
        return;
    }
    size_t kept = before;
    for (size_t i = before; i < m->n; i++) {
        if (blocklist_rule(m->list, m->all[i].rule)->never_ban_overridden) {
            m->all[kept++] = m->all[i];
        }
    }
    m->n = kept;
}

static void match_signature(struct matching *m, const struct signature_info *s) {
    bool holds = s->signature == CHECK_GOOD && s->digest == CHECK_GOOD;
    struct place place = {s, NULL, ROLE_ANY, s->digest == CHECK_GOOD, NOBODY, s->chain_state == CHAIN_TRUSTED, false};
    find(m, KEY_AUTHENTICODE, s->claimed, &place);
    find(m, KEY_CDHASH, s->cdhash, &place);
    for (size_t i = 0; i < s->n_cdhash_alternates; i++) {
        find(m, KEY_CDHASH, s->cdhash_alternates[i], &place);
    }
    place.proven = holds;
    find_name(m, KEY_PROGRAM, s->program, &place);
    place.role = ROLE_SIGNER;
    find(m, KEY_TEAM_ID, bytes_text(s->team_id), &place);
    if (s->has_signer) {
        place.cert = &s->signer;
        place.above = 0;
        match_one(m, &place);
    }
    for (size_t i = 0; i < s->n_chain; i++) {
        bool anchor = i + 1 == s->n_chain && s->anchored;
        place = (struct place){s, &s->chain[i], ROLE_CHAIN, holds, i + 1, place.chain_trusted, anchor};
        match_one(m, &place);
    }
    for (size_t i = 0; i < s->n_timestamps; i++) {
        const struct timestamp_info *t = &s->timestamps[i];
        if (t->has_signer) {
            bool stamped = t->state == CHECK_GOOD || t->state == CHECK_UNTRUSTED;
            place = (struct place){s, &t->signer, ROLE_TIMESTAMP, holds && stamped, NOBODY, place.chain_trusted, false};
            match_one(m, &place);
        }
    }
}

bool past_match(const struct blocklist *list, struct past_record *record, struct arena *arena, struct error *err) {
    struct verdict *v = &record->verdict;
    struct matching m = {.list = list, .record = record, .arena = arena, .all = arena_array(arena, MATCHES_MAX, sizeof *m.all)};
    struct place file = {NULL, NULL, ROLE_ANY, true, NOBODY, false, false};
    if (m.all == NULL) {
        return arena_full(arena, err);
    }
    if (v->has_sha256) {
        find(&m, KEY_FILE_SHA256, bytes_make(v->sha256, sizeof v->sha256), &file);
    }
    find_name(&m, KEY_ORIGINAL_NAME, v->original_name, &file);
    for (size_t i = 0; i < v->n_signatures; i++) {
        match_signature(&m, &v->signatures[i]);
    }
    v->matches = m.all;
    v->n_matches = m.n;
    return !arena->ran_out || arena_full(arena, err);
}

bool past_can_try(const struct rule *rule) {
    for (size_t i = 0; i < rule->n_keys; i++) {
        const struct key *key = &rule->keys[i];
        bool untold = key->kind == KEY_CERT_MD5 || key->kind == KEY_FIRST_PAGE || key->kind == KEY_FILE_MD5 || key->kind == KEY_FILE_SHA1 ||
                      (key->kind == KEY_TBS && key->value.n != hash_size(HASH_SHA256)) || key->role == ROLE_BAG;
        if (!untold) {
            return true;
        }
    }
    return false;
}
