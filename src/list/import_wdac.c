/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What App Control policies deny (list/wdac.h), such as Microsoft's recommended driver block rules. An entry is a Deny rule, or a denied
 * Signer with one of the files it is about:
 * - a hash becomes the Authenticode digest of a file. Hashes of a file's first page, which such lists have beside it, are refused;
 * - a Signer that asks for nothing but its CertRoot becomes a ban of that certificate, as signer or in the chain;
 * - one with a CertPublisher becomes a ban of that common name: weak, since the CertRoot, which must then be an issuer, can't be asked
 *   for as well;
 * - the version resource that a FileAttrib asks for is a condition of the ban.
 * Refused is what is listed but not denied or not in force, and what asks for more than a rule of certban can: to leave that out would ban
 * more than was meant. Whether a scenario is for drivers or for programs makes no difference.
 */
#include <stdlib.h>

#include "list/importer.h"
#include "list/policy_value.h"
#include "list/wdac.h"

enum { PROBE_SIZE = 4096 };

/* References by id, sorted. */
struct refs {
    const struct wdac_ref **all;
    size_t n;
};
struct attribs {
    const struct wdac_file **all;
    size_t n;
};

struct reading {
    struct import *import;
    struct refs denied, in_force;
    struct attribs attribs;
};

static int ref_order(const void *left, const void *right) {
    const struct wdac_ref *const *a = left, *const *b = right;
    return bytes_order((*a)->id, (*b)->id);
}

static int file_order(const void *left, const void *right) {
    const struct wdac_file *const *a = left, *const *b = right;
    return bytes_order((*a)->id, (*b)->id);
}

static bool sort_refs(const struct wdac_ref *ref, size_t n, struct arena *arena, struct refs *out) {
    out->all = arena_array(arena, n + 1, sizeof(const struct wdac_ref *));
    for (out->n = 0; out->all != NULL && ref != NULL; ref = ref->next) {
        out->all[out->n++] = ref;
    }
    if (out->all != NULL) {
        qsort(out->all, out->n, sizeof(const struct wdac_ref *), ref_order);
    }
    return out->all != NULL;
}

static bool sort_attribs(const struct wdac *wdac, struct arena *arena, struct attribs *out) {
    out->all = arena_array(arena, wdac->n_files + 1, sizeof(const struct wdac_file *));
    out->n = 0;
    for (const struct wdac_file *file = wdac->files; out->all != NULL && file != NULL; file = file->next) {
        if (file->kind == WDAC_FILE_ATTRIB) {
            out->all[out->n++] = file;
        }
    }
    if (out->all != NULL) {
        qsort(out->all, out->n, sizeof(const struct wdac_file *), file_order);
    }
    return out->all != NULL;
}

static const struct wdac_ref *find_ref(const struct refs *refs, struct bytes id) {
    struct wdac_ref wanted = {.id = id};
    const struct wdac_ref *key = &wanted, **found = bsearch(&key, refs->all, refs->n, sizeof(const struct wdac_ref *), ref_order);
    return found != NULL ? *found : NULL;
}

static const struct wdac_file *find_attrib(const struct attribs *attribs, struct bytes id) {
    struct wdac_file wanted = {.id = id};
    const struct wdac_file *key = &wanted, **found = bsearch(&key, attribs->all, attribs->n, sizeof(const struct wdac_file *), file_order);
    return found != NULL ? *found : NULL;
}

/* Whether any listing of the signer as denied has exceptions: two scenarios may list it. */
static bool has_exceptions(const struct refs *refs, struct bytes id) {
    bool excepts = false;
    for (size_t i = 0; i < refs->n; i++) {
        excepts = excepts || (refs->all[i]->excepts && bytes_equal(refs->all[i]->id, id));
    }
    return excepts;
}

static bool holds(struct bytes text, const char *words) {
    return bytes_find(text, bytes_text(words), 0) < text.n;
}

static void read_deny(struct reading *r, const struct wdac_file *file) {
    struct import_row row;
    import_row_begin(r->import, &row, file->line);
    row.id = file->id;
    row.reason = import_words(r->import, file->friendly_name);
    if (file->kind == WDAC_FILE_RULE) {
        import_row_refuse(&row, "is a FileRule, which no rule can be made of");
    } else if (find_ref(&r->in_force, file->id) == NULL) {
        import_row_refuse(&row, "is not in force: no scenario refers to it");
    } else if (file->hash.n == 0) {
        import_row_refuse(&row, "names files by their version resource or path alone");
    } else if (holds(file->friendly_name, "Hash Page ")) {
        import_row_refuse(&row, "is the hash of a file's first page, which no rule can name");
    } else {
        import_add_hash(&row, KEY_AUTHENTICODE, file->hash);
        import_row_end(&row);
    }
}

static bool all_are(const struct version *v, uint16_t part) {
    return v->part[0] == part && v->part[1] == part && v->part[2] == part && v->part[3] == part;
}

/* The bounds of a version that exclude something. Returns why not, or NULL. */
static const char *read_versions(const struct wdac_file *file, struct conditions *only) {
    if ((file->min.n != 0 && !value_version(file->min, 0, &only->min)) ||
        (file->max.n != 0 && !value_version(file->max, UINT16_MAX, &only->max))) {
        return "its FileAttrib has a version that is none";
    }
    only->has_min = file->min.n != 0 && !all_are(&only->min, 0);
    only->has_max = file->max.n != 0 && !all_are(&only->max, UINT16_MAX);
    return only->has_min && only->has_max && version_above(&only->min, &only->max) ? "its FileAttrib has versions from above to below"
                                                                                   : NULL;
}

/* What a FileAttrib asks of a file, as conditions. Returns why not, or NULL. */
static const char *read_attrib(struct reading *r, const struct wdac_file *file, struct conditions *only) {
    if (file == NULL) {
        return "refers to a FileAttrib that is not there";
    }
    if (file->internal_name.n + file->description.n + file->package_family.n + file->path.n + file->hash.n != 0) {
        return "its FileAttrib asks for more than a file's original name, product and version";
    }
    only->original_name = bytes_is(file->file_name, "*") ? NULL : import_words(r->import, file->file_name);
    only->product = bytes_is(file->product_name, "*") ? NULL : import_words(r->import, file->product_name);
    if ((file->file_name.n != 0 && only->original_name == NULL && !bytes_is(file->file_name, "*")) ||
        (file->product_name.n != 0 && only->product == NULL && !bytes_is(file->product_name, "*"))) {
        return "its FileAttrib has a name that says nothing";
    }
    return read_versions(file, only);
}

/* Why a signer can't be taken whatever its files are; NULL when it can. */
static const char *refusal(const struct reading *r, const struct wdac_signer *signer) {
    if (find_ref(&r->denied, signer->id) == NULL) {
        return "is a signer that is not denied";
    }
    if (has_exceptions(&r->denied, signer->id)) {
        return "is a signer denied with exceptions";
    }
    if (!bytes_is(signer->root_type, "TBS")) {
        return "is a signer under a well-known root";
    }
    if (signer->oem.n != 0) {
        return "is a signer by the name in the signature (CertOemID)";
    }
    if (signer->has_eku) {
        return "is a signer by extended key usage";
    }
    return signer->issuer.n != 0 && signer->publisher.n == 0 ? "is a signer by its issuer's name alone" : NULL;
}

/* A signer, and one of the files that it is about; attrib is NULL where it is about all. */
static void read_entry(struct reading *r, const struct wdac_signer *signer, const struct wdac_ref *attrib) {
    struct import_row row;
    import_row_begin(r->import, &row, signer->line);
    row.id = signer->id;
    row.reason = import_words(r->import, signer->name);
    const char *why = refusal(r, signer);
    if (why == NULL && attrib != NULL) {
        why = read_attrib(r, find_attrib(&r->attribs, attrib->id), &row.only);
    }
    if (why == NULL && signer->sign_time_after.n != 0) {
        row.only.has_after = import_time(signer->sign_time_after, &row.only.signed_after);
        why = row.only.has_after ? NULL : "its SignTimeAfter is no time";
    }
    if (why != NULL) {
        import_row_refuse(&row, "%s", why);
        return;
    }
    if (signer->publisher.n != 0) {
        const char *issuer = import_words(r->import, signer->issuer);
        row.issuer_common_name = issuer != NULL ? bytes_text(issuer) : bytes_none();
        import_add_subject(&row, signer->publisher, bytes_none());
    } else {
        import_add_hash(&row, KEY_TBS, signer->root_value);
        row.role = ROLE_CHAIN;
        import_add_hash(&row, KEY_TBS, signer->root_value);
    }
    import_row_end(&row);
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t memory_max = (size_t)1 << 30;
    struct arena arena = arena_make(memory_max);
    struct reading r = {.import = import};
    struct wdac wdac;
    bool ok = wdac_parse(content, &arena, &wdac, err);
    ok = ok && ((sort_refs(wdac.denied, wdac.n_denied, &arena, &r.denied) &&
                 sort_refs(wdac.in_force, wdac.n_in_force, &arena, &r.in_force) && sort_attribs(&wdac, &arena, &r.attribs)) ||
                arena_full(&arena, err));
    for (const struct wdac_file *file = ok ? wdac.files : NULL; file != NULL; file = file->next) {
        if (file->kind != WDAC_FILE_ATTRIB) {
            read_deny(&r, file);
        }
    }
    for (const struct wdac_signer *signer = ok ? wdac.signers : NULL; signer != NULL && !import_failed(import); signer = signer->next) {
        if (signer->attribs == NULL) {
            read_entry(&r, signer, NULL);
        }
        for (const struct wdac_ref *attrib = signer->attribs; attrib != NULL; attrib = attrib->next) {
            read_entry(&r, signer, attrib);
        }
    }
    arena_free(&arena);
    return ok;
}

static bool probe(struct bytes content) {
    struct bytes head = bytes_cut(content, 0, PROBE_SIZE);
    return holds(head, "<SiPolicy") && holds(head, "urn:schemas-microsoft-com:sipolicy");
}

const struct importer importer_wdac = {"wdac", "App Control policy (WDAC)", probe, read};
