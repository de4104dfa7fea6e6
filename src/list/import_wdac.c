/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What App Control policies deny (list/wdac.h), such as Microsoft's recommended driver block rules. An entry is a Deny rule, or a denied
 * Signer with one of the files it is about:
 * - a hash becomes the Authenticode digest of a file; where the rule calls it one of a first page ("… Hash Page Sha1"), that: weak;
 * - a Deny rule by FileName becomes a ban of the name that a file's version resource gives it: weak;
 * - a Signer that asks for nothing but its CertRoot becomes a ban of that certificate, as signer or in the chain;
 * - one with a CertPublisher becomes a ban of that common name, and one with a CertOemID a ban of that program name, both under the
 *   CertRoot: weak, since names are;
 * - well-known roots are taken as the certificates that they are;
 * - the version resource that a FileAttrib or Deny rule asks for, and a CertEKU, are conditions of the ban;
 * - files by SHA-256 or the version resource that an ExceptAllowRule excuses are the ban's exceptions.
 * Versions: a FileAttrib is about those from Minimum to Maximum; a Deny rule with a Minimum alone is about those up to it, with a Maximum
 * alone about those from it (Microsoft Learn, "Understand App Control policy rules and file rules").
 * Refused is what is listed but not denied or not in force (signers that are allowed, or for updates and the code integrity), and what asks
 * for more than a rule of certban can: to leave that out would ban more than was meant. Whether a scenario is for drivers or for programs
 * makes no difference.
 */
#include "base/hex.h"
#include "list/exception.h"
#include "list/fold.h"
#include "list/import_mark.h"
#include "list/importer.h"
#include "list/policy_value.h"
#include "list/wdac_index.h"

enum { PROBE_SIZE = 4096 };

struct reading {
    struct import *import;
    const struct wdac *wdac;
    struct wdac_index index;
};

static bool holds(struct bytes text, const char *words) {
    return bytes_find(text, bytes_text(words), 0) < text.n;
}

static bool all_are(const struct version *v, uint16_t part) {
    return v->part[0] == part && v->part[1] == part && v->part[2] == part && v->part[3] == part;
}

/* The bounds of a version that exclude something. Returns why not, or NULL. */
static const char *read_versions(const struct wdac_file *file, struct conditions *only) {
    bool turned = file->kind == WDAC_DENY && (file->min.n == 0) != (file->max.n == 0); /* the one bound is the other */
    struct bytes min = turned ? file->max : file->min, max = turned ? file->min : file->max;
    if ((min.n != 0 && !value_version(min, 0, &only->min)) || (max.n != 0 && !value_version(max, UINT16_MAX, &only->max))) {
        return "it asks for a version that is none";
    }
    only->has_min = min.n != 0 && !all_are(&only->min, 0);
    only->has_max = max.n != 0 && !all_are(&only->max, UINT16_MAX);
    return only->has_min && only->has_max && version_above(&only->min, &only->max) ? "it asks for versions from above to below" : NULL;
}

/* What a FileAttrib, or a Deny rule without a hash, asks of a file, as conditions. Returns why not, or NULL. */
static const char *read_attrib(struct reading *r, const struct wdac_file *file, struct conditions *only) {
    if (file == NULL) {
        return "refers to a FileAttrib that is not there";
    }
    if (file->package_family.n + file->path.n + (file->kind == WDAC_FILE_ATTRIB ? file->hash.n : 0) != 0) {
        return "it asks for a path or a package, which no rule can";
    }
    const struct {
        struct bytes value;
        const char **out;
    } names[] = {{file->file_name, &only->original_name},
                 {file->product_name, &only->product},
                 {file->internal_name, &only->internal_name},
                 {file->description, &only->description}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool any = names[i].value.n == 0 || bytes_is(names[i].value, "*");
        *names[i].out = any ? NULL : import_exact(r->import, names[i].value);
        if (!any && *names[i].out == NULL) {
            return "it asks for a name that says nothing";
        }
    }
    return read_versions(file, only);
}

/* A Deny rule without a hash: its FileName is what it is called by, the rest are conditions. Returns why not, or NULL. */
static const char *read_named(struct reading *r, const struct wdac_file *file, struct import_row *row) {
    const char *why = read_attrib(r, file, &row->only);
    if (why == NULL && row->only.original_name == NULL) {
        return "names files by their version resource, but not by FileName";
    }
    if (why == NULL) {
        import_add_name(row, KEY_ORIGINAL_NAME, file->file_name);
        row->only.original_name = NULL;
    }
    return why;
}

/* Begins an entry by its id and name. Returns why it must be refused, or NULL. */
static const char *begin_row(struct reading *r, struct import_row *row, size_t line, struct bytes id, struct bytes name,
                             struct import_mark *mark) {
    import_row_begin(r->import, row, line);
    row->id = id;
    if (import_mark_find(name, mark)) {
        return import_mark_take(mark, row);
    }
    row->reason = import_words(r->import, name);
    return NULL;
}

/* Which hash a Deny rule has: its name says so ("driver.sys Hash Page Sha1"). */
static enum key_kind hash_kind(const struct wdac_file *file, const struct import_mark *mark) {
    return holds(import_mark_is(mark) ? mark->after : file->friendly_name, "Hash Page ") ? KEY_FIRST_PAGE : KEY_AUTHENTICODE;
}

static void read_deny(struct reading *r, const struct wdac_file *file) {
    struct import_row row;
    struct import_mark mark;
    const char *why = begin_row(r, &row, file->line, file->id, file->friendly_name, &mark);
    import_mark_place(&mark, &row);
    if (why != NULL) {
        /* refused below */
    } else if (file->kind == WDAC_FILE_RULE) {
        why = "is a FileRule, which no rule can be made of";
    } else if (wdac_find_ref(&r->index.in_force, file->id) == NULL) {
        why = "is not in force: no scenario refers to it";
    } else if (file->hash.n == 0) {
        why = read_named(r, file, &row);
    } else {
        import_add_hash(&row, hash_kind(file, &mark), file->hash);
    }
    if (why != NULL) {
        import_row_refuse(&row, "%s", why);
    } else {
        import_row_end(&row);
    }
}

/* Why a signer can't be taken whatever its files are; NULL when it can. */
static const char *refusal(const struct reading *r, const struct wdac_signer *signer) {
    if (wdac_find_ref(&r->index.denied, signer->id) == NULL) {
        return "is a signer that is not denied";
    }
    if (signer->oem.n != 0 && signer->publisher.n != 0) {
        return "is a signer by two names at once (CertPublisher, CertOemID)";
    }
    return signer->issuer.n != 0 && signer->publisher.n == 0 ? "is a signer by its issuer's name alone" : NULL;
}

/* The hash that a CertRoot gives, or that of the well-known root that it names. Empty where that is not known. */
static struct bytes root_hash(const struct wdac_signer *signer) {
    static const struct {
        const char *value, *tbs; /* Microsoft's roots by their number, with the hash of their own signature */
    } known[] = {{"03", "D67576F5521D1CCAB52E9215E0F9F743"},
                 {"04", "8B3C3087B7056F5EC5DDBA91A1B901F0"},
                 {"05", "391BE92883D52509155BFEAE27B9BD340170B76B"},
                 {"06", "08FBA831C08544208F5208686B991CA1B2CFC510E7301784DDF1EB5BF0393239"},
                 {"07", "279CD652C4E252BFBE5217AC722205D7729BA409148CFA9E6D9E5B1CB94EAFF1"},
                 {"09", "09CBAFBD98E81B4D6BAAAB32B8B2F5D7"},
                 {"0A", "7A4D9890B0F9006A6F77472D50D83CA54975FCC2B7EA0563490134E19B78782A"},
                 {"0E", "ED55F82E1444F79CA9DCE826846FDC4E0EA3859E3D26EFEF412D2FFF0C7C8E6C"}};
    if (bytes_is(signer->root_type, "TBS")) {
        return signer->root_value;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (fold_equal(signer->root_value, bytes_text(known[i].value))) {
            return bytes_text(known[i].tbs);
        }
    }
    return bytes_none();
}

/* The OID that an EKU's value stands for: 01, its length (below 128), its octets. */
static bool read_usage(struct reading *r, const struct wdac_ref *ref, struct bytes *out) {
    enum { USAGE_MAX = 64 };
    const struct wdac_usage *usage = r->wdac->usages;
    uint8_t value[USAGE_MAX];
    size_t n;
    while (usage != NULL && !bytes_equal(usage->id, ref->id)) {
        usage = usage->next;
    }
    return usage != NULL && hex_decode(usage->value, value, sizeof value, &n) && n > 2 && value[0] == 0x01 && value[1] == n - 2 &&
           arena_copy(import_arena(r->import), bytes_make(value + 2, n - 2), out, NULL);
}

/* What a signer asks of usages, as conditions. Returns why not, or NULL. */
static const char *read_usages(struct reading *r, const struct wdac_signer *signer, struct conditions *only) {
    for (const struct wdac_ref *ref = signer->usages; ref != NULL; ref = ref->next) {
        struct bytes *out = ref->excepts ? &only->eku_except : &only->eku;
        if (out->n != 0) {
            return "asks for several extended key usages at once";
        }
        if (!read_usage(r, ref, out)) {
            return "asks for an extended key usage that is none, or not there";
        }
    }
    return NULL;
}

/* Names a rule's files by what they are hashes of: "driver.sys Hash Sha256" and "driver.sys Hash Page Sha1" are of one file. */
static struct bytes stem(struct bytes name) {
    size_t at = name.n;
    for (size_t i = bytes_find(name, bytes_text(" Hash "), 0); i < name.n; i = bytes_find(name, bytes_text(" Hash "), i + 1)) {
        at = i;
    }
    return bytes_cut(name, 0, at);
}

static bool is_strong(const struct wdac_file *file) {
    enum { SHA256_DIGITS = 64 };
    return file->hash.n >= SHA256_DIGITS && !holds(file->friendly_name, "Hash Page ");
}

/* Whether the file is excused by a better hash beside this one: App Control writes four of each. */
static bool has_better(struct reading *r, const struct wdac_ref *exceptions, const struct wdac_file *weak) {
    struct bytes name = stem(weak->friendly_name);
    bool better = false;
    for (const struct wdac_ref *ref = exceptions; ref != NULL && name.n != 0 && name.n != weak->friendly_name.n; ref = ref->next) {
        const struct wdac_file *file = wdac_find_file(&r->index, WDAC_ALLOW, ref->id);
        better = better || (file != NULL && is_strong(file) && bytes_equal(stem(file->friendly_name), name));
    }
    return better;
}

/* The file that an ExceptAllowRule excuses. Returns why it can't be said, or NULL; *out stays empty where a better hash says it. */
static const char *read_exception(struct reading *r, const struct wdac_ref *exceptions, const struct wdac_file *file,
                                  struct exception *out) {
    struct import_row probe;
    if (file == NULL) {
        return "is denied with an exception that is not there";
    }
    if (file->hash.n == 0) {
        const struct conditions *names = &out->only;
        const char *why = read_attrib(r, file, &out->only);
        bool all = names->original_name == NULL && names->product == NULL && names->internal_name == NULL && names->description == NULL &&
                   !names->has_min && !names->has_max;
        return why != NULL ? why : all ? "is denied with an exception for every file" : NULL;
    }
    if (!is_strong(file)) {
        return has_better(r, exceptions, file) ? NULL
                                               : "is denied except for a file by SHA-1 or its first page, which others can be made to have";
    }
    probe = (struct import_row){.import = r->import};
    return import_hash_of(&probe, file->hash, &out->authenticode) ? NULL : "is denied with an exception whose hash is none";
}

static bool is_empty(const struct exception *x) {
    const struct conditions *only = &x->only;
    return x->authenticode.n == 0 && only->original_name == NULL && only->product == NULL && only->internal_name == NULL &&
           only->description == NULL && !only->has_min && !only->has_max;
}

static bool has_exception(const struct exception *all, size_t n, const struct exception *x) {
    bool has = false;
    for (size_t i = 0; i < n; i++) {
        has = has || exception_equal(&all[i], x);
    }
    return has;
}

/* What is excused wherever the signer is denied: of two scenarios each counts, since a file is never banned that one of them excuses. */
static const char *read_exceptions(struct reading *r, const struct wdac_signer *signer, struct conditions *only) {
    struct exception *all = NULL;
    size_t n = 0, count = 0;
    for (size_t i = 0; i < r->index.denied.n; i++) {
        for (const struct wdac_ref *x = r->index.denied.all[i]->exceptions;
             x != NULL && bytes_equal(r->index.denied.all[i]->id, signer->id); x = x->next) {
            count++;
        }
    }
    if (count == 0) {
        return NULL;
    }
    if (count > EXCEPTIONS_MAX || (all = arena_array(import_arena(r->import), count, sizeof *all)) == NULL) {
        return "is denied with more exceptions than a rule can have";
    }
    for (size_t i = 0; i < r->index.denied.n; i++) {
        const struct wdac_ref *exceptions = bytes_equal(r->index.denied.all[i]->id, signer->id) ? r->index.denied.all[i]->exceptions : NULL;
        for (const struct wdac_ref *x = exceptions; x != NULL; x = x->next) {
            all[n] = (struct exception){.authenticode = bytes_none()};
            all[n].only.issued_under = all[n].only.eku = all[n].only.eku_except = bytes_none();
            const char *why = read_exception(r, exceptions, wdac_find_file(&r->index, WDAC_ALLOW, x->id), &all[n]);
            if (why != NULL) {
                return why;
            }
            n += !is_empty(&all[n]) && !has_exception(all, n, &all[n]);
        }
    }
    only->except = all;
    only->n_except = n;
    return NULL;
}

/* What a signer is called by: names under its CertRoot, or the certificate itself. */
static const char *add_signer(struct import_row *row, const struct wdac_signer *signer, struct import_mark *mark) {
    struct bytes root = root_hash(signer);
    if (root.n == 0) {
        return "is a signer under a well-known root whose certificate is not known";
    }
    import_mark_place(mark, row);
    if (signer->publisher.n + signer->oem.n == 0) {
        import_add_hash(row, KEY_TBS, root);
        if (!import_mark_is(mark)) {
            row->role = ROLE_CHAIN;
            import_add_hash(row, KEY_TBS, root);
        }
        return NULL;
    }
    if (!import_hash_of(row, root, &row->only.issued_under)) {
        return "its CertRoot is no hash";
    }
    const char *issuer = import_words(row->import, signer->issuer);
    row->issuer_common_name = issuer != NULL ? bytes_text(issuer) : bytes_none();
    if (signer->publisher.n != 0) {
        import_add_subject(row, signer->publisher, bytes_none());
    } else {
        import_add_name(row, KEY_PROGRAM, signer->oem);
    }
    return NULL;
}

/* A signer, and one of the files that it is about; attrib is NULL where it is about all. */
static void read_entry(struct reading *r, const struct wdac_signer *signer, const struct wdac_ref *attrib) {
    struct import_row row;
    struct import_mark mark;
    const char *why = begin_row(r, &row, signer->line, signer->id, signer->name, &mark);
    why = why == NULL ? refusal(r, signer) : why;
    if (why == NULL && attrib != NULL) {
        why = read_attrib(r, wdac_find_file(&r->index, WDAC_FILE_ATTRIB, attrib->id), &row.only);
    }
    if (why == NULL && signer->sign_time_after.n != 0) {
        row.only.has_after = import_time(signer->sign_time_after, &row.only.signed_after);
        why = row.only.has_after ? NULL : "its SignTimeAfter is no time";
    }
    why = why == NULL ? read_usages(r, signer, &row.only) : why;
    why = why == NULL ? read_exceptions(r, signer, &row.only) : why;
    why = why == NULL ? add_signer(&row, signer, &mark) : why;
    if (why != NULL) {
        import_row_refuse(&row, "%s", why);
    } else {
        import_row_end(&row);
    }
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t memory_max = (size_t)1 << 30;
    struct arena arena = arena_make(memory_max);
    struct reading r = {.import = import};
    struct wdac wdac;
    bool ok = wdac_parse(content, &arena, &wdac, err);
    ok = ok && (wdac_index_make(&wdac, &arena, &r.index) || arena_full(&arena, err));
    r.wdac = &wdac;
    for (const struct wdac_file *file = ok ? wdac.files : NULL; file != NULL; file = file->next) {
        if (file->kind == WDAC_DENY || file->kind == WDAC_FILE_RULE) {
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
