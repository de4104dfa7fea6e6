/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/hex.h"
#include "source/xar_toc.h"

/* The text of an element in the arena, trimmed; NULL (stopped) without memory. */
static const char *text_kept(struct xar_toc *t, size_t *n) {
    struct bytes b = bytes_make(t->text.p, t->text.n), copy;
    while (b.n != 0 && b.p[b.n - 1] <= ' ') {
        b.n--;
    }
    while (b.n != 0 && b.p[0] <= ' ') {
        b = bytes_cut(b, 1, b.n);
    }
    if (!text_ok(&t->text) || !arena_copy(t->arena, b, &copy, NULL)) {
        xar_toc_stop(t, ERR_LIMIT, "out of memory");
        return NULL;
    }
    *n = copy.n;
    return (const char *)copy.p;
}

static void number_end(struct xar_toc *t, struct number *out) {
    const char *p = text_c(&t->text);
    struct number number = {.given = true};
    bool digits = false;
    while (*p != '\0' && (uint8_t)*p <= ' ') {
        p++;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        digits = true;
        /* What is too large for any file leads outside of this one, too. */
        number.v = number.v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number.v * 10 + digit;
    }
    if (!digits) {
        xar_toc_odd(t, "an offset or a length that is no number");
        number.v = UINT64_MAX;
    }
    if (out->given) {
        xar_toc_odd(t, "an offset or a length twice");
    } else {
        *out = number;
    }
}

static void name_end(struct xar_toc *t) {
    size_t n = 0;
    if (t->base64 && t->text.p != NULL) {
        t->text.n = base64_decode((uint8_t *)t->text.p, t->text.n);
        t->text.p[t->text.n] = '\0';
    }
    if (t->text.n > XAR_NAME_MAX) {
        t->text.n = XAR_NAME_MAX;
    }
    const char *name = text_kept(t, &n);
    if (name != NULL && t->xar->files[t->file].name[0] == '\0') {
        t->xar->files[t->file].name = name;
    }
}

static void type_end(struct xar_toc *t) {
    const char *type = text_c(&t->text);
    struct xar_file *file = &t->xar->files[t->file];
    file->type = strstr(type, "directory") != NULL ? XAR_DIRECTORY : strstr(type, "file") != NULL ? XAR_FILE : XAR_OTHER;
}

static void certificate_end(struct xar_toc *t) {
    struct xar_signature *s = &t->xar->signatures[t->xar->n_signatures - 1];
    struct bytes copy;
    size_t most = (size_t)limit_most(t->arena->limits, LIMIT_XAR_CERTIFICATES);
    if (s->certs == NULL) {
        s->certs = arena_array(t->arena, most, sizeof *s->certs);
    }
    size_t n = t->text.p != NULL ? base64_decode_on((uint8_t *)t->text.p, t->text.n) : 0;
    if (s->certs == NULL || !text_ok(&t->text) || !arena_copy(t->arena, bytes_make(t->text.p, n), &copy, NULL)) {
        xar_toc_stop(t, ERR_LIMIT, "out of memory");
    } else if (s->n_certs == most) {
        xar_toc_stop_at(t, LIMIT_XAR_CERTIFICATES);
    } else {
        s->certs[s->n_certs++] = copy;
    }
}

static void archived_end(struct xar_toc *t) {
    uint8_t value[HASH_SIZE_MAX];
    size_t n;
    bool good = text_ok(&t->text) && hex_normalise(bytes_make(t->text.p, t->text.n), value, sizeof value, &n);
    if (good && t->piece.hash != HASH_NONE && n == hash_size(t->piece.hash) &&
        !arena_copy(t->arena, bytes_make(value, n), &t->piece.checksum, NULL)) {
        xar_toc_stop(t, ERR_LIMIT, "out of memory");
    }
}

static void piece_end(struct xar_toc *t) {
    struct xar *x = t->xar;
    struct xar_piece *pieces = xar_toc_room(t, x->pieces, x->n_pieces, &x->room_pieces, sizeof *pieces, LIMIT_XAR_FILES);
    if (pieces == NULL) {
        return;
    }
    x->pieces = pieces;
    t->piece.range = xar_heap(x, t->source_size, t->offset.v, t->length.v);
    t->piece.range.given = t->offset.given && t->length.given;
    t->piece.size = t->size.given ? t->size.v : t->length.v;
    if (t->piece.range.given) {
        pieces[x->n_pieces++] = t->piece;
    } else if (!t->piece.attribute && (t->offset.given || t->length.given)) {
        xar_toc_odd(t, "a file whose data has an offset or a length alone");
    }
}

static void range_end(struct xar_toc *t, struct xar_range *out) {
    if (!out->given) {
        *out = xar_heap(t->xar, t->source_size, t->offset.v, t->size.v);
        out->given = t->offset.given && t->size.given;
    }
}

void xar_value(struct xar_toc *t, enum element element) {
    switch (element) {
    case OFFSET:
        number_end(t, &t->offset);
        break;
    case LENGTH:
        number_end(t, &t->length);
        break;
    case SIZE:
        number_end(t, &t->size);
        break;
    case NAME:
        name_end(t);
        break;
    case ATTRIBUTE_NAME:
        t->piece.name = text_ok(&t->text) ? arena_printf(t->arena, "%.*s", XAR_NAME_MAX, text_c(&t->text)) : NULL;
        break;
    case TYPE:
        type_end(t);
        break;
    case CERTIFICATE:
        certificate_end(t);
        break;
    case ARCHIVED:
        archived_end(t);
        break;
    case DATA:
    case ATTRIBUTE:
        piece_end(t);
        break;
    case CHECKSUM:
        range_end(t, &t->xar->checksum);
        break;
    case SIGNATURE:
        range_end(t, &t->xar->signatures[t->xar->n_signatures - 1].range);
        break;
    case FILE_:
        t->file = t->xar->files[t->file].parent;
        break;
    default:
        break;
    }
}
