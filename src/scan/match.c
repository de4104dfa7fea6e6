/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities against the blocklist, before anything is proven. Only headers and signatures were read; an identity that no
 * loaded rule names is not computed; a certificate that matched nothing is remembered (scan/memo.h), since the same
 * intermediates and time-stamping authorities stand in nearly every file.
 */
#include "asn1/cert_search.h"
#include "asn1/cms.h"
#include "asn1/name.h"
#include "asn1/x509.h"
#include "crypto/digest.h"
#include "scan/match_inside.h"

void match_keep(struct exam *exam, const struct match *match) {
    for (size_t i = 0; i < exam->n_matches; i++) {
        const struct match *m = &exam->matches[i];
        if (m->key == match->key && m->signature == match->signature && m->role == match->role && m->cert == match->cert) {
            return;
        }
    }
    if (exam->n_matches == limit_most(exam->arena->limits, LIMIT_MATCHES)) {
        contents_limited(&exam->contents, exam->arena, LIMIT_MATCHES);
        return; /* the file is long since listed; the first ones are enough to say why, and prove_matches has another look at them */
    }
    if (exam->n_matches == exam->room_matches) {
        size_t room = exam->room_matches == 0 ? 8 : exam->room_matches * 2;
        struct match *all = arena_array(exam->arena, room, sizeof *all);
        if (all == NULL) {
            struct error err;
            arena_full(exam->arena, &err);
            contents_unreadable(&exam->contents, &err);
            return;
        }
        if (exam->n_matches != 0) {
            memcpy(all, exam->matches, exam->n_matches * sizeof *all);
        }
        exam->matches = all;
        exam->room_matches = room;
    }
    exam->matches[exam->n_matches++] = *match;
}

void match_add(struct exam *exam, const struct key *key, enum role role, size_t signature, const struct cert *cert) {
    const struct match match = {.key = key, .role = role, .signature = signature, .cert = cert};
    match_keep(exam, &match);
}

bool match_hash_of(struct exam *exam, enum hash hash, struct bytes b, uint8_t *out) {
    struct error err;
    bool ok = digest_bytes(hash, b, out, &err);
    if (!ok && err.kind == ERR_LIMIT) {
        contents_unreadable(&exam->contents, &err);
    }
    return ok;
}

size_t match_find(struct exam *exam, enum key_kind kind, struct bytes value, enum role role, size_t signature, const struct cert *cert) {
    size_t n, found = 0;
    const struct key *const *keys = blocklist_find(exam->examiner->list, kind, value, &n);
    for (size_t i = 0; i < n; i++) {
        if (!keys[i]->rule->allow) {
            match_add(exam, keys[i], role, signature, cert);
            found++;
        }
    }
    return found;
}

/* Whether a certificate of the bag issued another one of it, so that it may stand in the signer's chain. */
static bool issues_another(const struct cert *bag, size_t n, size_t i) {
    for (size_t k = 0; k < n; k++) {
        if (k != i && !bag[k].broken && bytes_equal(bag[k].issuer, bag[i].subject)) {
            return true;
        }
    }
    return false;
}

/* The certificates that a full bag left out: none of them vanishes in the crowd. */
static void match_rest(struct exam *exam, const struct signed_data *sd, const struct signer_info *signer, enum role signer_role,
                       size_t signature) {
    struct cert_search search = {.b = sd->rest, .at = sd->rest_at, .most = (unsigned)limit_most(exam->arena->limits, LIMIT_CARVE_PLACES)};
    struct cert *cert = arena_alloc(exam->arena, sizeof *cert);
    while (cert != NULL && cert_search_next(&search, exam->arena, cert)) {
        size_t before = exam->n_matches;
        bool named = signer != NULL && cert_named_by(cert, signer->issuer, signer->serial, signer->key_id);
        match_cert(exam, cert, named ? signer_role : ROLE_BAG, signature);
        if (exam->n_matches != before) { /* a match keeps it */
            cert = arena_alloc(exam->arena, sizeof *cert);
        }
    }
}

static void match_bag(struct exam *exam, const struct signed_data *sd, const struct signer_info *signer, enum role signer_role,
                      size_t signature) {
    for (size_t i = 0; i < sd->n_certs; i++) {
        const struct cert *cert = &sd->certs[i];
        enum role role = ROLE_BAG;
        if (signer != NULL && !cert->broken && cert_named_by(cert, signer->issuer, signer->serial, signer->key_id)) {
            role = signer_role;
        } else if (!cert->broken && issues_another(sd->certs, sd->n_certs, i)) {
            role = signer_role == ROLE_SIGNER ? ROLE_CHAIN : signer_role;
        }
        match_cert(exam, cert, role, signature);
    }
    match_rest(exam, sd, signer, signer_role, signature);
}

/* The certificates of RFC 3161 tokens, and the counter-signers among the outer certificates. */
static void match_timestamps(struct exam *exam, const struct signature *s, size_t signature) {
    for (size_t i = 0; i < s->signer->n_unsigned_attrs; i++) {
        const struct attribute *a = &s->signer->unsigned_attrs[i];
        bool token = oid_is(a->oid, OID_SPC_RFC3161) || oid_is(a->oid, OID_TIMESTAMP_TOKEN);
        bool counter = oid_is(a->oid, OID_COUNTERSIGNATURE);
        for (size_t k = 0; (token || counter) && k < a->n_values; k++) {
            struct signed_data *sd;
            struct signer_info by;
            if (token && cms_parse(a->values[k], a->at, exam->arena, NULL, &sd, NULL)) {
                match_bag(exam, sd, sd->n_signers != 0 ? &sd->signers[0] : NULL, ROLE_TIMESTAMP, signature);
            } else if (counter && cms_parse_signer(a->values[k], a->at, exam->arena, &by, NULL) && !cms_vouches(&by)) {
                for (size_t c = 0; c < s->sd->n_certs; c++) {
                    if (!s->sd->certs[c].broken && cert_named_by(&s->sd->certs[c], by.issuer, by.serial, by.key_id)) {
                        match_cert(exam, &s->sd->certs[c], ROLE_TIMESTAMP, signature);
                    }
                }
            }
        }
    }
}

static void match_apple(struct exam *exam, const struct signature *s, size_t signature) {
    const struct blocklist *list = exam->examiner->list;
    if (blocklist_wants(list, KEY_TEAM_ID, 0)) {
        for (size_t i = 0; i < s->n_directories; i++) {
            if (s->directories[i].team_id != NULL) {
                match_find(exam, KEY_TEAM_ID, bytes_text(s->directories[i].team_id), ROLE_SIGNER, signature, NULL);
            }
        }
        for (size_t i = 0; s->sd != NULL && s->signer != NULL && i < s->sd->n_certs; i++) {
            const struct cert *cert = &s->sd->certs[i];
            if (!cert->broken && cert_named_by(cert, s->signer->issuer, s->signer->serial, s->signer->key_id)) {
                const char *unit = name_attribute(cert->subject, OID_AT_ORGANIZATIONAL_UNIT, exam->arena);
                match_find(exam, KEY_TEAM_ID, bytes_text(unit != NULL ? unit : ""), ROLE_SIGNER, signature, cert);
            }
        }
        if (s->kind == KIND_XAR && s->sd == NULL && s->n_certs != 0 && !s->certs[0].broken) {
            const char *unit = name_attribute(s->certs[0].subject, OID_AT_ORGANIZATIONAL_UNIT, exam->arena);
            match_find(exam, KEY_TEAM_ID, bytes_text(unit != NULL ? unit : ""), ROLE_SIGNER, signature, &s->certs[0]);
        }
    }
    for (size_t i = 0; blocklist_wants(list, KEY_CDHASH, 0) && i < s->n_directories; i++) {
        uint8_t value[HASH_SIZE_MAX];
        if (digest_supported(s->directories[i].hash) && match_hash_of(exam, s->directories[i].hash, s->directories[i].blob, value)) {
            size_t before = exam->n_matches;
            match_find(exam, KEY_CDHASH, bytes_make(value, 20), ROLE_ANY, signature, NULL);
            for (size_t k = before; k < exam->n_matches; k++) {
                exam->matches[k].directory = &s->directories[i];
            }
        }
    }
}

/* A signer that is only named, its certificate left out of the bag: issuer and serial still identify it, where a rule has them. */
static void match_named_signer(struct exam *exam, const struct signature *s, size_t signature) {
    for (size_t i = 0; i < s->sd->n_certs; i++) {
        const struct cert *cert = &s->sd->certs[i];
        if (!cert->broken && cert_named_by(cert, s->signer->issuer, s->signer->serial, s->signer->key_id)) {
            return;
        }
    }
    anomaly_note(&exam->contents.anomalies, exam->arena, ANOMALY_MISSING_CERTIFICATE, s->signer->at, 0, NULL);
    if (s->signer->serial.n != 0) {
        match_find_serial(exam, s->signer->serial, s->signer->issuer, ROLE_SIGNER, signature, NULL);
    }
}

/* A name in the file that rules may ask for. */
static void find_name(struct exam *exam, enum key_kind kind, const char *name, size_t signature) {
    size_t n;
    const struct key *const *keys = blocklist_find_name(exam->examiner->list, kind, name, &n);
    for (size_t i = 0; i < n; i++) {
        if (!keys[i]->rule->allow) {
            match_add(exam, keys[i], ROLE_ANY, signature, NULL);
        }
    }
}

/* The headers' page as one piece of memory. */
static bool first_page(struct exam *exam, struct bytes *out, struct error *err) {
    const struct contents *c = &exam->contents;
    size_t total = 0, n = 0;
    for (size_t i = 0; i < c->n_first_page; i++) {
        total += (size_t)c->first_page[i].n;
    }
    uint8_t *page = arena_alloc(exam->arena, total);
    if (page == NULL) {
        return arena_full(exam->arena, err);
    }
    for (size_t i = 0; i < c->n_first_page; i++) {
        const struct span *span = &c->first_page[i];
        struct bytes part;
        if (span->zeros) {
            memset(page + n, 0, (size_t)span->n);
        } else if (source_read(exam->source, exam->arena, span->at, (size_t)span->n, &part, err)) {
            memcpy(page + n, part.p, part.n);
        } else {
            return false;
        }
        n += (size_t)span->n;
    }
    *out = bytes_make(page, n);
    return true;
}

static void match_first_page(struct exam *exam) {
    static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256};
    struct bytes page;
    struct error err;
    if (exam->contents.n_first_page == 0 || !blocklist_wants(exam->examiner->list, KEY_FIRST_PAGE, 0)) {
        return;
    }
    if (!first_page(exam, &page, &err)) {
        contents_unreadable(&exam->contents, &err);
        return;
    }
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        uint8_t value[HASH_SIZE_MAX];
        if (match_hash_of(exam, hashes[i], page, value)) {
            match_find(exam, KEY_FIRST_PAGE, bytes_make(value, hash_size(hashes[i])), ROLE_ANY, NO_SIGNATURE, NULL);
        }
    }
}

void match_version(struct exam *exam) {
    if (exam->contents.version.original_name != NULL) {
        find_name(exam, KEY_ORIGINAL_NAME, exam->contents.version.original_name, NO_SIGNATURE);
    }
}

void match_signatures(struct exam *exam) {
    for (size_t i = 0; i < exam->contents.n_signatures; i++) { /* first what is no bag of certificates, as that may be stuffed */
        const struct signature *s = &exam->contents.signatures[i];
        if (s->claimed.n != 0) {
            match_find(exam, KEY_AUTHENTICODE, s->claimed, ROLE_ANY, i, NULL);
        }
        if (s->program != NULL) {
            find_name(exam, KEY_PROGRAM, s->program, i);
        }
        match_apple(exam, s, i);
    }
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        const struct signature *s = &exam->contents.signatures[i];
        if (s->sd != NULL) {
            match_bag(exam, s->sd, s->signer, ROLE_SIGNER, i);
        }
        if (s->sd != NULL && s->signer != NULL) {
            match_named_signer(exam, s, i);
            match_timestamps(exam, s, i);
        }
        for (size_t k = 0; k < s->n_certs; k++) {
            match_cert(exam, &s->certs[k], k == 0 ? ROLE_SIGNER : ROLE_CHAIN, i);
        }
    }
}

void match_identities(struct exam *exam) {
    match_first_page(exam);
    match_signatures(exam);
}

bool match_wants_file(const struct exam *exam) {
    return blocklist_wants_size(exam->examiner->list, exam->source->size);
}

void match_file(struct exam *exam) {
    const struct {
        enum key_kind kind;
        struct bytes value;
    } digests[] = {
        {KEY_FILE_SHA256, bytes_make(exam->sha256, sizeof exam->sha256)},
        {KEY_FILE_SHA1, bytes_make(exam->sha1, sizeof exam->sha1)},
        {KEY_FILE_MD5, bytes_make(exam->md5, sizeof exam->md5)},
    };
    for (size_t i = 0; i < exam->n_digests && i < sizeof digests / sizeof digests[0]; i++) {
        match_find(exam, digests[i].kind, digests[i].value, ROLE_ANY, NO_SIGNATURE, NULL);
    }
}
