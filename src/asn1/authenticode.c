/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: a SignedData as Authenticode uses it, with the signatures nested in it and everything that no signature covers.
 * Refuses: nothing that cms_parse takes. What lies past a limit is unreadable, and its certificates are carved.
 */
#include "asn1/carve.h"
#include "asn1/spc.h"

/* How much an unknown attribute may hold before it makes a file suspicious. */
enum { STUFFED_MAX = 8 << 10 };

/* So many unknown attributes are named that do not; the room for notes is needed for those that do. */
enum { SMALL_MAX = 16 };

struct adding {
    struct contents *contents;
    struct arena *arena;
    struct bytes blob; /* what the values of attributes lie in */
    uint64_t at;       /* its offset */
    unsigned small;    /* small unknown attributes that were noted */
};

static uint64_t place(const struct adding *a, struct bytes part) {
    return a->at + (uint64_t)(part.p - a->blob.p);
}

static void limit(struct adding *a, enum limit which) {
    contents_limited(a->contents, a->arena, which);
}

static bool is_too_deep(const struct adding *a, unsigned depth) {
    return depth >= limit_most(a->arena->limits, LIMIT_NESTED);
}

static struct anomaly *note(struct adding *a, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    return anomaly_note(&a->contents->anomalies, a->arena, name, at, size, detail);
}

/* Unauthenticated attributes that say something; data in any other is hidden data. */
static bool is_known(const struct attribute *attribute) {
    static const enum oid known[] = {OID_COUNTERSIGNATURE,     OID_SPC_RFC3161,     OID_TIMESTAMP_TOKEN,
                                     OID_SPC_NESTED_SIGNATURE, OID_SEQUENCE_NUMBER, OID_PLATFORM_MANIFEST};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (oid_is(attribute->oid, known[i])) {
            return true;
        }
    }
    return false;
}

/* Whether a value is what its attribute promises; other values are searched like unknown attributes. */
static bool keeps_promise(struct adding *a, const struct attribute *attribute, struct bytes value) {
    struct signed_data *sd;
    struct signer_info signer;
    if (oid_is(attribute->oid, OID_COUNTERSIGNATURE)) {
        return cms_parse_signer(value, 0, a->arena, &signer, NULL);
    }
    if (oid_is(attribute->oid, OID_SPC_RFC3161) || oid_is(attribute->oid, OID_TIMESTAMP_TOKEN)) {
        return cms_parse(value, 0, a->arena, NULL, &sd, NULL);
    }
    return value.n <= STUFFED_MAX;
}

static void stuffed(struct adding *a, const struct attribute *attribute, uint64_t at, uint64_t size) {
    if (attribute->oid.n > limit_most(a->arena->limits, LIMIT_OID)) {
        limit(a, LIMIT_OID);
    }
    if (size <= STUFFED_MAX && a->small++ >= SMALL_MAX) {
        return;
    }
    const char *dotted = attribute->oid.n != 0 ? oid_dotted(attribute->oid, a->arena) : "no attribute";
    const char *detail = arena_printf(a->arena, "%s, %llu bytes", dotted != NULL ? dotted : "?", (unsigned long long)size);
    note(a, ANOMALY_STUFFED_ATTRIBUTE, at, size, detail)->weighty = size > STUFFED_MAX;
}

static void add_all(struct adding *a, const char *part, struct signed_data *sd, const struct signature *outer, unsigned depth);

/* The values of nested-signature attributes: each a ContentInfo of its own. */
static void add_nested(struct adding *a, const char *part, const struct attribute *attribute, const struct signature *outer, unsigned depth,
                       size_t *count) {
    for (size_t i = 0; i < attribute->n_values; i++) {
        struct bytes value = attribute->values[i];
        uint64_t at = place(a, value);
        const char *name = arena_printf(a->arena, "%s/nested%zu", part, (*count)++);
        struct signed_data *sd = NULL;
        struct error err = {0};
        if (is_too_deep(a, depth)) {
            note(a, ANOMALY_NESTED_TOO_DEEP, at, value.n, NULL);
            limit(a, LIMIT_NESTED);
        } else if (contents_full(a->contents, a->arena)) {
            limit(a, LIMIT_SIGNATURES);
        } else if (name == NULL || !cms_parse(value, at, a->arena, &a->contents->anomalies, &sd, &err)) {
            stuffed(a, attribute, at, value.n);
        } else {
            add_all(a, name, sd, outer, depth + 1);
            continue;
        }
        carve_certificates(a->contents, a->arena, value, at);
    }
}

static void add_attributes(struct adding *a, const char *part, const struct signer_info *signer, const struct signature *outer,
                           unsigned depth);

/* A countersignature by a second signer: one signature more, over the octets of the one that it stands in. */
static void add_counter(struct adding *a, const char *part, struct bytes value, const struct signature *outer, unsigned depth,
                        size_t *count) {
    struct signer_info *signer = arena_alloc(a->arena, sizeof *signer);
    struct error err = {0};
    if (signer == NULL || !cms_parse_signer(value, place(a, value), a->arena, signer, NULL) || !cms_vouches(signer)) {
        return;
    }
    const char *name = arena_printf(a->arena, "%s/counter%zu", part, (*count)++);
    bool deep = is_too_deep(a, depth), full = deep || contents_full(a->contents, a->arena) || name == NULL;
    struct signature *signature = full ? NULL : contents_add(a->contents, a->arena, &err);
    if (signature == NULL) {
        limit(a, deep ? LIMIT_NESTED : LIMIT_SIGNATURES); /* its certificates are in the bag, which is known by the outer one */
        return;
    }
    signature->part = name;
    signature->kind = KIND_AUTHENTICODE;
    signature->sd = outer->sd;
    signature->signer = signer;
    signature->outer = outer;
    signature->counters = true;
    signature->content = outer->signer->signature;
    signature->claimed = bytes_none();
    signature->hash = signer->hash;
    if (signer->duplicate_attribute) {
        note(a, ANOMALY_DUPLICATE_ATTRIBUTE, signer->at, 0, name);
    }
    add_attributes(a, name, signer, signature, depth + 1);
}

/* What the signer left unauthenticated. */
static void add_attributes(struct adding *a, const char *part, const struct signer_info *signer, const struct signature *outer,
                           unsigned depth) {
    size_t nested = 0, counters = 0;
    for (size_t i = 0; i < signer->n_unsigned_attrs; i++) {
        const struct attribute *attribute = &signer->unsigned_attrs[i];
        if (oid_is(attribute->oid, OID_SPC_NESTED_SIGNATURE)) {
            add_nested(a, part, attribute, outer, depth, &nested);
            continue;
        }
        bool known = is_known(attribute);
        if (!known) {
            stuffed(a, attribute, attribute->at, attribute->size);
        }
        for (size_t k = 0; k < attribute->n_values; k++) {
            struct bytes value = attribute->values[k];
            if (known && keeps_promise(a, attribute, value)) {
                if (oid_is(attribute->oid, OID_COUNTERSIGNATURE)) {
                    add_counter(a, part, value, outer, depth, &counters);
                }
                continue;
            }
            if (known) {
                stuffed(a, attribute, place(a, value), value.n);
            }
            carve_bytes(a->contents, a->arena, value, place(a, value));
        }
    }
}

/* The hashes named in SignedData, SignerInfo and content must be one (formats: exactly one digestAlgorithm a signer). */
static void compare_hashes(struct adding *a, struct signature *signature, const struct spc_indirect *spc) {
    const struct signed_data *sd = signature->sd;
    enum hash hash = signature->signer->hash;
    bool spc_differs = spc != NULL && spc->hash != hash;
    if (spc_differs || (sd->n_hashes == 1 && sd->hash != hash) || sd->n_hashes > sd->n_signers) {
        signature->algorithm_mismatch = true;
        note(a, ANOMALY_ALGORITHM_MISMATCH, signature->signer->at, 0,
             arena_printf(a->arena, "%s: SignedData %s, signer %s, content %s", signature->part, hash_name(sd->hash), hash_name(hash),
                          spc != NULL ? hash_name(spc->hash) : "none"));
    }
    enum hash weakest = spc != NULL && spc->hash < hash ? spc->hash : hash;
    if (weakest == HASH_NONE || weakest == HASH_MD2 || weakest == HASH_MD4) {
        note(a, ANOMALY_WEAK_DIGEST, signature->signer->at, 0, hash_name(weakest));
    }
}

/* Fills what the content says; a content of another type (catalogs, time stamps) is covered by its value octets all the same. */
static void read_content(struct adding *a, struct signature *signature) {
    const struct signed_data *sd = signature->sd;
    struct spc_indirect spc;
    struct error err = {0};
    struct der element;
    if (spc_read(sd, a->arena, &spc, &err)) {
        signature->content = spc.value;
        signature->hash = spc.hash;
        signature->claimed = spc.digest;
        if (signature->signer != NULL) {
            compare_hashes(a, signature, &spc);
        }
        return;
    }
    if (sd->content_is_octets) {
        signature->content = sd->content;
    } else if (der_read(sd->content, &element, NULL)) {
        signature->content = element.content;
    }
    if (signature->signer != NULL) {
        signature->hash = signature->signer->hash;
        compare_hashes(a, signature, NULL);
    }
    if (oid_is(sd->content_type, OID_SPC_INDIRECT_DATA)) {
        note(a, ANOMALY_BAD_BLOB, sd->at, 0, arena_printf(a->arena, "%s: %s", signature->part, err.text));
    }
}

/* Appends one signature. NULL past the limit, or without memory. */
static struct signature *add_one(struct adding *a, const char *part, struct signed_data *sd, struct signer_info *signer,
                                 const struct signature *outer) {
    struct error err = {0};
    if (contents_full(a->contents, a->arena)) {
        limit(a, LIMIT_SIGNATURES);
        return NULL;
    }
    if (part == NULL) {
        arena_full(a->arena, &err);
        contents_unreadable(a->contents, &err);
        return NULL;
    }
    struct signature *signature = contents_add(a->contents, a->arena, &err);
    if (signature == NULL) {
        contents_unreadable(a->contents, &err);
        return NULL;
    }
    signature->part = part;
    signature->kind = KIND_AUTHENTICODE;
    signature->sd = sd;
    signature->signer = signer;
    signature->outer = outer;
    read_content(a, signature);
    if (signer != NULL) {
        spc_opus(signer, a->arena, &signature->program, &signature->url);
    }
    return signature;
}

static void add_all(struct adding *a, const char *part, struct signed_data *sd, const struct signature *outer, unsigned depth) {
    if (sd->cut != 0) {
        limit(a, (enum limit)(sd->cut - 1));
    }
    if (sd->n_signers == 0) {
        note(a, ANOMALY_NO_SIGNER, sd->at, sd->whole.n, part);
        add_one(a, part, sd, NULL, outer);
        return;
    }
    if (sd->n_signers > 1) {
        note(a, ANOMALY_SEVERAL_SIGNERS, sd->at, sd->whole.n, arena_printf(a->arena, "%s: %zu signers", part, sd->n_signers));
    }
    for (size_t i = 0; i < sd->n_signers; i++) {
        const char *name = i == 0 ? part : arena_printf(a->arena, "%s#%zu", part, i);
        struct signature *signature = add_one(a, name, sd, &sd->signers[i], outer);
        if (signature == NULL) {
            /* The bag is known by the signatures before this one, or must be told on its own. */
            if (i == 0) {
                carve_certificates(a->contents, a->arena, bytes_cut(a->blob, (size_t)(sd->at - a->at), sd->whole.n), sd->at);
            }
            return;
        }
        if (sd->signers[i].duplicate_attribute) {
            note(a, ANOMALY_DUPLICATE_ATTRIBUTE, sd->signers[i].at, 0, name);
        }
        add_attributes(a, name, &sd->signers[i], signature, depth);
    }
}

bool authenticode_add(struct contents *contents, struct arena *arena, const char *part, struct bytes blob, uint64_t at, size_t *added,
                      struct error *err) {
    struct adding a = {.contents = contents, .arena = arena, .blob = blob, .at = at};
    struct signed_data *sd = NULL;
    size_t before = contents->n_signatures;
    if (!cms_parse(blob, at, arena, &contents->anomalies, &sd, err)) {
        return false;
    }
    add_all(&a, part, sd, NULL, 0);
    *added = contents->n_signatures - before;
    return true;
}
