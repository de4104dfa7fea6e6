/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From blobs to signatures. The CMS (RFC 5652, detached) signs the CodeDirectory of slot 0; its signed attributes
 * 1.2.840.113635.100.9.1 and .2 name the CodeDirectories of all slots (apple-platform-rs, "apple-codesign" crate).
 */
#include <stdlib.h>

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "asn1/name.h"
#include "asn1/x509.h"
#include "base/reader.h"
#include "format/codesign_directory.h"

enum {
    BLOB_HEADER = 8,
    CARVE_MIN = 64, /* octets below which nothing worth finding fits */
    TEAM_ID_SIZE = 10,
};

struct add {
    const struct codesign *code;
    const struct codesign_target *target;
    struct contents *contents;
    struct arena *arena;
    struct directories directories;
};

static void note(struct add *a, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&a->contents->anomalies, a->arena, name, at, size, detail);
}

const char *codesign_part(const struct contents *contents, struct arena *arena, const char *base) {
    const char *part = base;
    for (unsigned again = 1; part != NULL; again++) {
        bool taken = false;
        for (size_t i = 0; i < contents->n_signatures && !taken; i++) {
            taken = contents->signatures[i].part != NULL && strcmp(contents->signatures[i].part, part) == 0;
        }
        if (!taken) {
            return part;
        }
        part = arena_printf(arena, "%s#%u", base, again);
    }
    return NULL;
}

/* Which CodeDirectories the signer's attributes name. Whether they are the ones found is for those who hash. */
static bool bound_read(struct add *a, struct signature *s, uint64_t at, struct error *err) {
    size_t most;
    if (!codesign_bound(s, a->arena, &most, err)) {
        return false;
    }
    s->alternates_bound = a->directories.n <= 1 || most >= a->directories.n;
    if (!s->alternates_bound) {
        note(a, ANOMALY_CD_UNBOUND, at, 0,
             arena_printf(a->arena, "%zu CodeDirectories, of which the CMS names %zu beside that of slot 0", a->directories.n, most));
    }
    return true;
}

bool codesign_is_team(const char *s) {
    size_t n = s != NULL ? strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") : 0;
    return n == TEAM_ID_SIZE && s[n] == 0;
}

/* The team: of the CodeDirectory, or of the leaf's OU; for Apple's own certificates they must be the same. */
static void team_read(struct add *a, struct signature *s, uint64_t at) {
    const struct cert *leaf = NULL;
    for (size_t i = 0; s->signer != NULL && i < s->sd->n_certs && leaf == NULL; i++) {
        if (cert_named_by(&s->sd->certs[i], s->signer->issuer, s->signer->serial, s->signer->key_id)) {
            leaf = &s->sd->certs[i];
        }
    }
    if (leaf == NULL || leaf->broken) {
        return;
    }
    const char *unit = name_attribute(leaf->subject, OID_AT_ORGANIZATIONAL_UNIT, a->arena);
    const char *issuer = name_attribute(leaf->issuer, OID_AT_ORGANIZATION, a->arena);
    if (!codesign_is_team(unit)) {
        return;
    }
    if (s->team_id == NULL) {
        s->team_id = unit;
    } else if (issuer != NULL && strcmp(issuer, "Apple Inc.") == 0 && strcmp(unit, s->team_id) != 0) {
        note(a, ANOMALY_CD_MISMATCH, at, 0, "the CodeDirectory names another team than the signer's certificate");
    }
}

/* What every signature of these blobs has. */
static void signature_fill(const struct add *a, struct signature *s) {
    const struct directories *d = &a->directories;
    s->kind = KIND_APPLE;
    s->content = d->first != NULL ? d->first->code.blob : bytes_none();
    s->directories = d->list;
    s->n_directories = d->n;
    s->covers_part = d->covers_part;
    s->carved = s->carved || a->target->carved;
    s->detached = a->target->apart;
    s->alternates_bound = d->n <= 1;
    s->best_is_first = d->best != NULL && d->best->code.slot == CODESIGN_SLOT_DIRECTORY;
    s->claims = d->claims;
    s->n_claims = d->n_claims;
    if (d->best != NULL) {
        s->hash = d->best->code.hash;
        s->identifier = d->best->code.identifier;
        s->team_id = d->best->code.team_id;
        s->cs_flags = d->best->code.flags;
    }
}

/* A signature with a CMS: what its signer binds, and his team. */
static bool signature_signed(struct add *a, struct signature *s, uint64_t at, struct error *err) {
    signature_fill(a, s);
    if (!bound_read(a, s, at, err)) {
        return false;
    }
    if (!s->alternates_bound) {
        s->claims = a->directories.first_claims;
        s->n_claims = a->directories.n_first;
    }
    team_read(a, s, at);
    return true;
}

static struct signature *signature_new(struct add *a, struct error *err) {
    struct signature *s = contents_add(a->contents, a->arena, err);
    if (s == NULL) {
        return NULL;
    }
    s->part = codesign_part(a->contents, a->arena, a->target->part);
    return s;
}

/* Searches bytes for signatures; what is found gets what these blobs know. */
static bool carve(struct add *a, struct bytes b, uint64_t at, struct error *err) {
    size_t before = a->contents->n_signatures;
    if (b.n < CARVE_MIN || carve_bytes(a->contents, a->arena, b, at) == 0) {
        return true;
    }
    for (size_t i = before; i < a->contents->n_signatures; i++) {
        struct signature *s = &a->contents->signatures[i];
        s->carved = true;
        if (s->sd != NULL && s->signer != NULL && !signature_signed(a, s, at, err)) {
            return false;
        }
        s->kind = KIND_APPLE;
    }
    return true;
}

/* One wrapper blob: BER of a SignedData behind the header. */
static bool cms_add(struct add *a, const struct codesign_blob *blob, struct error *err) {
    struct bytes payload = bytes_cut(blob->bytes, BLOB_HEADER, blob->bytes.n);
    uint64_t at = blob->at + BLOB_HEADER;
    bool in_place = blob->slot == CODESIGN_SLOT_CMS;
    struct signed_data *sd;
    struct error why = {0};
    if (payload.n == 0) {
        return true;
    }
    if (!cms_parse(payload, at, a->arena, &a->contents->anomalies, &sd, &why)) {
        if (in_place) {
            note(a, ANOMALY_BAD_BLOB, blob->at, blob->bytes.n, "the CMS can't be read");
            error_within(&why, "code signature");
            contents_unreadable(a->contents, &why);
        }
        return carve(a, payload, at, err);
    }
    if (!in_place) {
        note(a, ANOMALY_CARVED, at, sd->whole.n, arena_printf(a->arena, "a CMS in slot 0x%x", blob->slot));
    }
    for (size_t i = 0; i < sd->n_signers || (i == 0 && sd->n_signers == 0); i++) {
        struct signature *s = signature_new(a, err);
        if (s == NULL) {
            return false;
        }
        s->sd = sd;
        s->signer = sd->n_signers != 0 ? &sd->signers[i] : NULL;
        s->carved = !in_place;
        if (!signature_signed(a, s, at, err)) {
            return false;
        }
    }
    if (sd->n_signers != 1) {
        note(a, sd->n_signers == 0 ? ANOMALY_NO_SIGNER : ANOMALY_SEVERAL_SIGNERS, at, sd->whole.n, NULL);
    }
    struct bytes rest = bytes_cut(payload, sd->whole.n, payload.n);
    if (!bytes_zero(rest)) {
        note(a, ANOMALY_APPENDED_DATA, at + sd->whole.n, rest.n, "behind the CMS, inside of its blob");
        return carve(a, rest, at + sd->whole.n, err);
    }
    return true;
}

/* No CMS: ad hoc, or what is left of a signature. */
static bool bare_add(struct add *a, struct error *err) {
    struct signature *s = signature_new(a, err);
    if (s == NULL) {
        return false;
    }
    signature_fill(a, s);
    for (size_t i = 0; i < a->directories.n; i++) {
        if (!a->target->apart && (a->directories.list[i].flags & CODESIGN_ADHOC) == 0) {
            note(a, ANOMALY_STRIPPED_SIGNATURE, a->code->at, a->code->size, "a CodeDirectory that is not ad hoc, and no CMS that signs it");
            break;
        }
    }
    return true;
}

struct range {
    uint64_t from, to;
};

static int range_order(const void *x, const void *y) {
    const struct range *a = x, *b = y;
    return a->from < b->from ? -1 : a->from > b->from;
}

/* Stretches of the area that neither header, index nor blobs take. Zeros are padding. */
static bool gaps_carve(struct add *a, struct error *err) {
    const struct codesign *code = a->code;
    struct range *taken = arena_array(a->arena, code->n + 2, sizeof *taken);
    if (taken == NULL) {
        return arena_full(a->arena, err);
    }
    size_t n = 0;
    taken[n++] = (struct range){0, code->index_end};
    for (size_t i = 0; i < code->n; i++) {
        taken[n].from = code->blobs[i].at - code->at;
        taken[n].to = taken[n].from + code->blobs[i].bytes.n;
        n++;
    }
    taken[n++] = (struct range){code->area.n, code->area.n};
    qsort(taken, n, sizeof *taken, range_order);
    uint64_t end = 0;
    for (size_t i = 0; i < n; i++) {
        struct bytes gap = taken[i].from > end ? bytes_cut(code->area, (size_t)end, (size_t)(taken[i].from - end)) : bytes_none();
        if (!bytes_zero(gap)) {
            bool inside = end < code->size;
            note(a, inside ? ANOMALY_BAD_BLOB : ANOMALY_APPENDED_DATA, code->at + end, gap.n,
                 inside ? "bytes between the blobs of the code signature" : "bytes behind the code signature");
            if (!carve(a, gap, code->at + end, err)) {
                return false;
            }
        }
        end = taken[i].to > end ? taken[i].to : end;
    }
    return true;
}

/* Tickets are Apple's own business but for their first octets. */
static bool is_ticket(const struct codesign_blob *blob) {
    return blob->slot == CODESIGN_SLOT_TICKET && bytes_starts(bytes_cut(blob->bytes, BLOB_HEADER, blob->bytes.n), bytes_text("s8ch"));
}

/* The work of codesign_add; false at any limit. */
static bool add_all(struct add *a, struct error *err) {
    size_t before = a->contents->n_signatures;
    if (!directories_read(&a->directories, a->code, a->target, &a->contents->anomalies, a->arena, err)) {
        return false;
    }
    for (size_t i = 0; i < a->code->n; i++) {
        const struct codesign_blob *blob = &a->code->blobs[i];
        bool wrapper = blob->magic == CODESIGN_MAGIC_WRAPPER;
        if (blob->slot == CODESIGN_SLOT_CMS && !wrapper) {
            note(a, ANOMALY_BAD_BLOB, blob->at, blob->bytes.n, "no CMS in the slot for it");
        }
        bool ticket = is_ticket(blob);
        a->contents->stapled_ticket = a->contents->stapled_ticket || ticket;
        if (wrapper && !ticket && !cms_add(a, blob, err)) {
            return false;
        }
        if (!wrapper && blob->magic != CODESIGN_MAGIC_DIRECTORY && !carve(a, blob->bytes, blob->at, err)) {
            return false; /* a CMS behind another magic */
        }
    }
    if (!gaps_carve(a, err)) {
        return false;
    }
    bool has_cms = false;
    for (size_t i = before; i < a->contents->n_signatures; i++) {
        has_cms = has_cms || a->contents->signatures[i].signer != NULL;
    }
    if (a->directories.n != 0 && (!has_cms || a->contents->n_signatures == before)) {
        return bare_add(a, err);
    }
    return true;
}

bool codesign_add(const struct codesign *code, const struct codesign_target *target, struct contents *contents, struct arena *arena,
                  size_t *added, struct error *err) {
    struct add a = {.code = code, .target = target, .contents = contents, .arena = arena};
    size_t before = contents->n_signatures;
    struct error why = {0};
    bool ok = add_all(&a, &why);
    if (code->cut) {
        contents_limited(contents, arena, LIMIT_BLOBS);
    }
    if (added != NULL) {
        *added = contents->n_signatures - before;
    }
    if (!ok) {
        /* The limit on signatures is the file's: what is past it is not read, the rest is. */
        contents_unreadable(contents, &why);
        bool full = why.limit == LIMIT_SIGNATURES + 1;
        if (!full && err != NULL) {
            *err = why;
        }
        return full;
    }
    if (a.directories.n == 0 && !target->apart) {
        error_set(&why, ERR_MALFORMED, "code signature at offset 0x%llx has no CodeDirectory", (unsigned long long)code->at);
        contents_unreadable(contents, &why);
    }
    return true;
}
