/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: revocation lists in DER, one behind another, or in PEM ("X509 CRL"), certificates in PEM; other PEM blocks are passed over. */
#include "list/revocations_inside.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "asn1/name.h"
#include "asn1/x509.h"
#include "list/files.h"
#include "list/pem.h"
#include "list/policy_value.h"
#include "list/room.h"

/* A file being read. */
struct reading {
    struct revocations *set;
    struct revocations_listener *listener;
    const char *path;
    size_t n; /* lists found in it */
};

static void say(const struct reading *r, const char *name, const char *words) {
    struct text text = {0};
    text_addf(&text, "revocation list %s: %s", name, words);
    r->listener->odd(r->listener, text_c(&text));
    text_free(&text);
}

static void say_count(const struct reading *r, const char *name, size_t n, const char *words) {
    struct text text = {0};
    if (n != 0) {
        text_addf(&text, "%zu entr%s %s", n, n == 1 ? "y" : "ies", words);
        say(r, name, text_c(&text));
    }
    text_free(&text);
}

static struct revocation_list *list_new(const struct reading *r, const struct crl *crl) {
    struct arena *arena = &r->set->arena;
    struct revocation_list *list = arena_alloc(arena, sizeof *list);
    const char *who = name_attribute(crl->issuer, OID_AT_COMMON_NAME, arena);
    who = who != NULL && who[0] == '\0' ? name_text(crl->issuer, arena) : who;
    const char *name = arena_printf(arena, r->n > 1 ? "%s#%zu" : "%s", r->path, r->n);
    if (list == NULL || who == NULL || name == NULL) {
        return NULL;
    }
    *list = (struct revocation_list){
        .name = name, .who = who, .crl = *crl, .issuer = name_hash(crl->issuer), .stale = crl->next_update < r->set->now};
    return list;
}

/* Adds a list, or says why it is left out. False without memory or past a limit. */
static bool take(struct reading *r, const struct crl *crl, struct error *err) {
    struct error why = {0};
    size_t foreign, broken;
    struct revocation_list *list = list_new(r, crl);
    if (list == NULL || r->set->n_lists == REVOCATION_LISTS_MAX) {
        return error_set(err, ERR_LIMIT, list == NULL ? "no memory for revocation lists" : "more than %d revocation lists",
                         REVOCATION_LISTS_MAX);
    }
    if (crl->unknown_critical) {
        say(r, list->name, "has a critical extension that is not known: it is not used");
        return true;
    }
    if (!revocations_index(r->set, list, &foreign, &broken, &why)) {
        say(r, list->name, why.text);
        say(r, list->name, "it is not used");
        if (why.kind == ERR_LIMIT && err != NULL) {
            *err = why;
        }
        return why.kind != ERR_LIMIT;
    }
    say_count(r, list->name, broken, "not readable, not used");
    say_count(r, list->name, foreign, "about certificates of other issuers, of which it may not speak (it is not indirect), not used");
    if (list->stale) {
        say(r, list->name, "is out of date: what was revoked since is not in it");
    }
    return true;
}

/* The lists in der, one behind another. */
static bool read_der(struct reading *r, struct bytes der, struct error *err) {
    struct error why = {0};
    while (der.n != 0) {
        struct crl crl;
        r->n++;
        if (!crl_parse(der, &crl, &why)) {
            error_within(&why, "is no revocation list");
            say(r, r->path, why.text);
            return true;
        }
        if (!take(r, &crl, err)) {
            return false;
        }
        der = bytes_cut(der, crl.der.n, der.n);
    }
    return true;
}

/* A certificate beside the lists: perhaps that of an indirect list's issuer, which the files that it speaks of seldom carry. */
static bool keep_cert(struct reading *r, struct bytes der, struct error *err) {
    struct revocations *set = r->set;
    struct cert cert;
    if (!cert_parse(der, 0, &set->arena, &cert, NULL)) {
        say(r, r->path, "holds a certificate that can't be read");
        return true;
    }
    if (set->n_certs == REVOCATION_CERTS_MAX || !room_make((void **)&set->certs, &set->room_certs, set->n_certs, 1, sizeof cert)) {
        return error_set(err, ERR_LIMIT, "more than %d certificates beside revocation lists, or no memory for them", REVOCATION_CERTS_MAX);
    }
    set->certs[set->n_certs++] = cert;
    return true;
}

static bool read_block(struct reading *r, const struct pem_block *block, bool list, struct error *err) {
    struct bytes der;
    if (!value_base64(block->base64, &r->set->arena, &der) || der.n == 0) {
        r->n += list;
        say(r, r->path, list ? "holds a list that is no base64" : "holds a certificate that is no base64");
        return true;
    }
    return list ? read_der(r, der, err) : keep_cert(r, der, err);
}

static bool read_pem(struct reading *r, struct bytes content, struct error *err) {
    struct pem pem = pem_make(content);
    struct pem_block block;
    size_t before = r->set->n_certs;
    while (pem_next(&pem, &block)) {
        bool list = bytes_is(block.label, "X509 CRL");
        if ((list || bytes_is(block.label, "CERTIFICATE")) && !read_block(r, &block, list, err)) {
            return false;
        }
    }
    if (r->n == 0 && r->set->n_certs == before) {
        say(r, r->path, "holds no revocation list");
    }
    return true;
}

static void note_seen(const struct reading *r, size_t n_certs) {
    r->listener->seen += r->n + n_certs;
}

bool revocations_read(struct revocations *set, const char *path, struct bytes content, struct revocations_listener *listener,
                      struct error *err) {
    struct reading r = {.set = set, .listener = listener, .path = path};
    if (content.n == 0 || content.p[0] != DER_SEQUENCE) {
        size_t before = set->n_certs;
        bool ok = read_pem(&r, content, err);
        file_forget(content);
        note_seen(&r, set->n_certs - before);
        return ok;
    }
    if (!room_make((void **)&set->contents, &set->room_contents, set->n_contents, 1, sizeof *set->contents)) {
        file_forget(content);
        return error_set(err, ERR_LIMIT, "no memory for revocation lists");
    }
    set->contents[set->n_contents++] = content;
    bool ok = read_der(&r, content, err);
    note_seen(&r, 0);
    return ok;
}

static bool add_folder(struct revocations *set, const char *folder, struct revocations_listener *listener, struct error *err) {
    static const char *const endings[] = {".crl", ".der", ".pem", NULL};
    struct names names;
    bool ok = folder_names(folder, FILE_ANYBODYS, endings, &names, err);
    for (size_t i = 0; ok && i < names.n; i++) {
        const char *path = arena_printf(&set->arena, "%s/%s", folder, names.all[i]);
        struct reading r = {.listener = listener};
        struct error why = {0};
        struct bytes content;
        if (path == NULL) {
            ok = error_set(err, ERR_LIMIT, "no memory for revocation lists");
        } else if (file_read(path, FILE_ANYBODYS, &content, &why)) {
            ok = revocations_read(set, path, content, listener, err);
        } else {
            say(&r, path, why.text);
        }
    }
    names_free(&names);
    return ok;
}

bool revocations_add(struct revocations *set, const char *path, struct revocations_listener *listener, struct error *err) {
    struct stat st;
    struct bytes content;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    bool ok = folder ? add_folder(set, path, listener, err)
                     : file_read(path, FILE_ANYBODYS, &content, err) && revocations_read(set, path, content, listener, err);
    return ok || error_within(err, "%s", path);
}
