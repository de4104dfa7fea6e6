/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: one object of a report, {"type":"file"|"error"|"summary"|…, …}, with the members that cli/report_json.c writes; others are passed
 * over, a member of another kind than it should be counts as absent. Refused: what is no object or has no type.
 */
#include "base/hex.h"
#include "list/json_walk.h"
#include "list/policy_value.h"
#include "scan/past.h"

/* A text member and where it goes. */
struct text_member {
    const char *name;
    size_t at; /* offset of a const char * */
};

/* The texts of an object, "" where there are none. False without memory. */
static bool take_texts(const json_t *o, const struct text_member *members, size_t n, void *to, struct arena *arena) {
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        struct bytes copy;
        const char **place = (const char **)(void *)((char *)to + members[i].at);
        bool one = arena_copy(arena, json_text(o, members[i].name), &copy, NULL);
        *place = one ? (const char *)copy.p : "";
        ok = ok && one;
    }
    return ok;
}

/* A hash of that size; nothing where it is none. */
static void take_hash(const json_t *o, const char *name, uint8_t *out, size_t size) {
    uint8_t value[HASH_SIZE_MAX];
    size_t n;
    if (hex_decode(json_text(o, name), value, sizeof value, &n) && n == size) {
        memcpy(out, value, size);
    }
}

/* Hex of any length up to that of a hash. False without memory. */
static bool take_hex(struct bytes hex, struct bytes *out, struct arena *arena) {
    uint8_t value[HASH_SIZE_MAX];
    size_t n;
    *out = bytes_none();
    return !hex_decode(hex, value, sizeof value, &n) || n == 0 || arena_copy(arena, bytes_make(value, n), out, NULL);
}

static int64_t take_time(const json_t *o, const char *name) {
    int64_t time;
    return value_time(json_text(o, name), false, &time) ? time : TIME_NONE;
}

/* The value of an enumeration by the name that it has in reports; the first one when none has it. */
#define TAKE_NAMED(text, function, type, count, out)                                                                                       \
    do {                                                                                                                                   \
        *(out) = (type)0;                                                                                                                  \
        for (unsigned named = 0; named < (unsigned)(count); named++) {                                                                     \
            if (bytes_is(text, function((type)named))) {                                                                                   \
                *(out) = (type)named;                                                                                                      \
            }                                                                                                                              \
        }                                                                                                                                  \
    } while (0)

static bool take_cert(const json_t *o, struct cert_info *cert, struct arena *arena) {
    static const struct text_member texts[] = {
        {"subject", offsetof(struct cert_info, subject)},
        {"common_name", offsetof(struct cert_info, common_name)},
        {"organization", offsetof(struct cert_info, organization)},
        {"issuer", offsetof(struct cert_info, issuer)},
        {"issuer_common_name", offsetof(struct cert_info, issuer_common_name)},
        {"serial", offsetof(struct cert_info, serial)},
        {"subscriber", offsetof(struct cert_info, subscriber)},
    };
    take_hash(o, "sha1", cert->sha1, sizeof cert->sha1);
    take_hash(o, "sha256", cert->sha256, sizeof cert->sha256);
    take_hash(o, "tbs_sha256", cert->tbs_sha256, sizeof cert->tbs_sha256);
    take_hash(o, "spki_sha256", cert->spki_sha256, sizeof cert->spki_sha256);
    return take_texts(o, texts, sizeof texts / sizeof *texts, cert, arena);
}

static bool take_chain(const json_t *all, struct signature_info *s, struct arena *arena) {
    size_t n = json_array_size(all);
    s->chain = arena_array(arena, n, sizeof *s->chain);
    bool ok = s->chain != NULL;
    for (; ok && s->n_chain < n; s->n_chain++) {
        ok = take_cert(json_array_get(all, s->n_chain), &s->chain[s->n_chain], arena);
    }
    return ok;
}

static bool take_timestamps(const json_t *all, struct signature_info *s, struct arena *arena) {
    size_t n = json_array_size(all);
    s->timestamps = arena_array(arena, n, sizeof *s->timestamps);
    bool ok = s->timestamps != NULL;
    for (; ok && s->n_timestamps < n; s->n_timestamps++) {
        const json_t *o = json_array_get(all, s->n_timestamps), *signer = json_object_get(o, "signer");
        struct timestamp_info *t = &s->timestamps[s->n_timestamps];
        TAKE_NAMED(json_text(o, "state"), check_name, enum check, CHECK_COUNT, &t->state);
        t->has_signer = signer != NULL;
        ok = signer == NULL || take_cert(signer, &t->signer, arena);
    }
    return ok;
}

static bool take_cdhashes(const json_t *o, struct signature_info *s, struct arena *arena) {
    const json_t *others = json_object_get(o, "cdhash_alternates");
    size_t n = json_array_size(others);
    s->cdhash_alternates = arena_array(arena, n, sizeof *s->cdhash_alternates);
    bool ok = s->cdhash_alternates != NULL && take_hex(json_text(o, "cdhash"), &s->cdhash, arena);
    for (; ok && s->n_cdhash_alternates < n; s->n_cdhash_alternates++) {
        ok = take_hex(json_words(json_array_get(others, s->n_cdhash_alternates), arena), &s->cdhash_alternates[s->n_cdhash_alternates],
                      arena);
    }
    return ok;
}

static bool take_signature(const json_t *o, struct signature_info *s, struct arena *arena) {
    static const struct text_member texts[] = {
        {"part", offsetof(struct signature_info, part)},
        {"program", offsetof(struct signature_info, program)},
        {"team_id", offsetof(struct signature_info, team_id)},
    };
    const json_t *digest = json_object_get(o, "digest"), *signer = json_object_get(o, "signer");
    TAKE_NAMED(json_text(digest, "state"), digest_state_name, enum check, CHECK_COUNT, &s->digest);
    TAKE_NAMED(json_text(o, "signature"), check_name, enum check, CHECK_COUNT, &s->signature);
    TAKE_NAMED(json_text(o, "chain_state"), chain_state_name, enum chain_state, CHAIN_COUNT, &s->chain_state);
    s->anchored = s->chain_state == CHAIN_TRUSTED || json_is_true(json_object_get(o, "anchored"));
    s->root_namesake = json_is_true(json_object_get(o, "root_namesake"));
    s->signed_at = take_time(o, "signed_at");
    s->has_signer = signer != NULL;
    return take_texts(o, texts, sizeof texts / sizeof *texts, s, arena) && take_hex(json_text(digest, "claimed"), &s->claimed, arena) &&
           (signer == NULL || take_cert(signer, &s->signer, arena)) && take_chain(json_object_get(o, "chain"), s, arena) &&
           take_timestamps(json_object_get(o, "timestamps"), s, arena) && take_cdhashes(o, s, arena);
}

/* The path as bytes, where it is no UTF-8. */
static bool take_path(const json_t *o, struct bytes *path, struct arena *arena) {
    struct bytes exact = json_text(o, "path_bytes");
    if (exact.n != 0 && value_base64(exact, arena, path)) {
        return true;
    }
    return arena_copy(arena, json_text(o, "path"), path, NULL);
}

static bool take_file(const json_t *o, struct past_record *record, struct arena *arena) {
    static const struct text_member own[] = {{"format", offsetof(struct verdict, format)}};
    static const struct text_member version[] = {
        {"file_version", offsetof(struct verdict, file_version)},   {"product", offsetof(struct verdict, product)},
        {"original_name", offsetof(struct verdict, original_name)}, {"company", offsetof(struct verdict, company)},
        {"description", offsetof(struct verdict, description)},
    };
    struct verdict *v = &record->verdict;
    const json_t *all = json_object_get(o, "signatures");
    json_int_t size = json_integer_value(json_object_get(o, "size"));
    size_t n = json_array_size(all);
    *v = (struct verdict){.inside = "", .decisive = -1, .size = size > 0 ? (uint64_t)size : 0};
    TAKE_NAMED(json_text(o, "finding"), finding_name, enum finding, FINDING_COUNT, &v->finding);
    v->has_sha256 = json_text(o, "sha256").n == 2 * sizeof v->sha256;
    take_hash(o, "sha256", v->sha256, sizeof v->sha256);
    record->member = json_object_get(o, "parent") != NULL;
    v->signatures = arena_array(arena, n, sizeof *v->signatures);
    bool ok = v->signatures != NULL && take_path(o, &record->path, arena) && take_texts(o, own, sizeof own / sizeof *own, v, arena) &&
              take_texts(json_object_get(o, "version"), version, sizeof version / sizeof *version, v, arena);
    for (; ok && v->n_signatures < n; v->n_signatures++) {
        ok = take_signature(json_array_get(all, v->n_signatures), &v->signatures[v->n_signatures], arena);
    }
    v->is_signed = n != 0 || v->finding == FINDING_CLEAN;
    return ok;
}

static bool take(const json_t *o, struct arena *arena, struct past_record *out, struct error *err) {
    struct bytes type = json_text(o, "type");
    *out = (struct past_record){.path = bytes_none()};
    if (type.n == 0) {
        return error_set(err, ERR_MALFORMED, "is no record of a report");
    }
    if (bytes_is(type, "file")) {
        out->kind = PAST_FILE;
        return take_file(o, out, arena) || arena_full(arena, err);
    }
    if (bytes_is(type, "error")) {
        out->kind = PAST_ERROR;
    } else if (bytes_is(type, "summary")) {
        json_int_t clean = json_integer_value(json_object_get(o, "clean"));
        out->kind = PAST_SUMMARY;
        out->clean = clean > 0 ? (uint64_t)clean : 0;
        out->complete = json_is_true(json_object_get(o, "complete"));
    }
    return true;
}

bool past_record_parse(struct bytes line, struct arena *arena, struct past_record *out, struct error *err) {
    struct json_walk walk = json_walk_text(line);
    struct json_part part;
    json_t *o = NULL;
    bool ok = json_walk_next(&walk, NULL, &part, err) || (!walk.failed && error_set(err, ERR_MALFORMED, "is empty"));
    if (ok) {
        o = json_part_load(part, err);
        ok = o != NULL && (json_is_object(o) || error_set(err, ERR_MALFORMED, "is no object")) && take(o, arena, out, err);
    }
    json_decref(o);
    return ok;
}
