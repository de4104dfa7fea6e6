/* SPDX-License-Identifier: Apache-2.0 */
/* Which files and which signatures a rule is about: what its conditions ask for, beside dates. */
#include <stdio.h>

#include "asn1/x509.h"
#include "list/fold.h"
#include "scan/exam.h"
#include "scan/glob.h"

static bool version_parse(const char *text, struct version *out) {
    unsigned part[4] = {0};
    if (text == NULL || sscanf(text, "%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]) < 1) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        out->part[i] = (uint16_t)(part[i] > UINT16_MAX ? UINT16_MAX : part[i]);
    }
    return true;
}

static int version_order(const struct version *a, const struct version *b) {
    for (size_t i = 0; i < 4; i++) {
        if (a->part[i] != b->part[i]) {
            return a->part[i] < b->part[i] ? -1 : 1;
        }
    }
    return 0;
}

static bool same_text(const char *wanted, const char *is) {
    return wanted == NULL || (is != NULL && fold_equal(bytes_text(wanted), bytes_text(is)));
}

static bool platform_fits(const char *platform, const char *format) {
    static const char *const macos[] = {"macho", "dmg", "pkg", "app"};
    if (platform == NULL || format[0] == '\0') {
        return true;
    }
    bool is_macos = false;
    for (size_t i = 0; i < sizeof macos / sizeof macos[0]; i++) {
        is_macos = is_macos || strcmp(format, macos[i]) == 0;
    }
    return strcmp(platform, "macos") == 0 ? is_macos : strcmp(platform, "windows") != 0 || !is_macos;
}

/* Globs are over whole paths; a file that was named from where the user stands has one, too. */
bool conditions_fit_path(const struct conditions *only, const char *path, const char *folder, struct arena *arena) {
    const char *whole = path;
    if (only->path != NULL && path[0] != '/' && folder != NULL) {
        const char *joined = arena_printf(arena, "%s/%s", folder, strncmp(path, "./", 2) == 0 ? path + 2 : path);
        whole = joined != NULL ? joined : path;
    }
    return only->path == NULL || glob_fits(only->path, whole) || glob_fits(only->path, path);
}

/* Where the hash can't be computed for want of memory, it might have been the one that is asked for. */
static bool has_tbs(struct exam *exam, const struct cert *cert, struct bytes wanted) {
    uint8_t value[HASH_SIZE_MAX];
    struct error err = {0};
    enum hash hash = hash_by_size(wanted.n);
    if (hash == HASH_NONE || !digest_supported(hash)) {
        return false;
    }
    bool known = digest_bytes(hash, cert->tbs, value, &err);
    if (!known) {
        contents_unreadable(&exam->contents, &err);
    }
    return known && memcmp(value, wanted.p, wanted.n) == 0;
}

/* What a rule asks of the signer and of who vouches for it. */
static bool signer_fits(struct exam *exam, const struct conditions *only, size_t signature) {
    if (only->issued_under.n + only->eku.n + only->eku_except.n == 0) {
        return true;
    }
    const struct proven *p = signature != NO_SIGNATURE ? &exam->proven[signature] : NULL;
    if (p == NULL || p->signer.state != CHECK_GOOD) {
        return false;
    }
    const struct cert *signer = p->signer.signer;
    bool under = only->issued_under.n == 0 || has_tbs(exam, signer, only->issued_under);
    for (size_t i = 0; !under && p->has_chain && i < p->chain.n; i++) {
        under = has_tbs(exam, p->chain.certs[i], only->issued_under);
    }
    return under && (only->eku.n == 0 || cert_has_eku(signer, only->eku)) &&
           (only->eku_except.n == 0 || !cert_has_eku(signer, only->eku_except));
}

/* Whether a signature claims the digest, and it is the file's. */
static bool has_digest(const struct exam *exam, struct bytes digest) {
    bool has = false;
    for (size_t i = 0; i < exam->contents.n_signatures; i++) {
        has = has || (exam->proven[i].digest == CHECK_GOOD && bytes_equal(exam->contents.signatures[i].claimed, digest));
    }
    return has;
}

bool prove_exceptions(struct exam *exam, const struct conditions *only, size_t signature) {
    bool fits = false;
    if (signature != NO_SIGNATURE && exam->proven[signature].digest != CHECK_GOOD) {
        return false;
    }
    for (size_t i = 0; i < only->n_except && !fits; i++) {
        const struct exception *x = &only->except[i];
        fits = (x->authenticode.n == 0 || has_digest(exam, x->authenticode)) && prove_conditions(exam, &x->only, signature);
    }
    return fits;
}

bool conditions_fit_file(const struct conditions *only, const char *format, const struct version_info *v) {
    struct version is;
    if (!platform_fits(only->platform, format) || !same_text(only->product, v->product) ||
        !same_text(only->original_name, v->original_name) || !same_text(only->company, v->company) ||
        !same_text(only->internal_name, v->internal_name) || !same_text(only->description, v->description)) {
        return false;
    }
    if ((only->has_min || only->has_max) && !version_parse(v->file_version, &is)) {
        return false;
    }
    return (!only->has_min || version_order(&is, &only->min) >= 0) && (!only->has_max || version_order(&is, &only->max) <= 0);
}

bool prove_conditions(struct exam *exam, const struct conditions *only, size_t signature) {
    const char *format = exam->format != NULL ? exam->format->name : "";
    return conditions_fit_file(only, format, &exam->contents.version) && signer_fits(exam, only, signature) &&
           conditions_fit_path(only, exam->path, exam->examiner->folder, exam->arena);
}
