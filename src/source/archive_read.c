/* SPDX-License-Identifier: Apache-2.0 */
#include "source/archive_read.h"

#include <errno.h>
#include <stdio.h>

/* Headers that don't make sense, one behind the other, that are gone past before an archive is given up. */
enum { RETRIES_MAX = 1 << 16 };

enum { INNER_HEAD = 512 }; /* of what is packed: a tar header */

typedef archive_support support;

/* What is enabled for a kind. What a packed file holds is one entry, "raw", unless it begins like an archive. */
static const struct {
    support *formats[2];
    support *filters[5];
    const char *needs; /* what a libarchive without it lacks */
} rows[ARCHIVE_KINDS] = {
    [ARCHIVE_TAR] = {{archive_read_support_format_tar}, {0}, ""},
    [ARCHIVE_7Z] = {{archive_read_support_format_7zip}, {0}, ""},
    [ARCHIVE_RAR] = {{archive_read_support_format_rar, archive_read_support_format_rar5}, {0}, ""},
    [ARCHIVE_DEB] = {{archive_read_support_format_ar}, {0}, ""},
    [ARCHIVE_AR] = {{archive_read_support_format_ar}, {0}, ""},
    [ARCHIVE_RPM] = {{archive_read_support_format_cpio},
                     {archive_read_support_filter_rpm, archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
                      archive_read_support_filter_xz, archive_read_support_filter_zstd},
                     "zstd"},
    [ARCHIVE_LHA] = {{archive_read_support_format_lha}, {0}, ""},
    [ARCHIVE_GZIP] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_gzip}, "gzip"},
    [ARCHIVE_BZIP2] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_bzip2}, "bzip2"},
    [ARCHIVE_XZ] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_xz}, "xz"},
    [ARCHIVE_LZMA] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_lzma}, "lzma"},
    [ARCHIVE_LZIP] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_lzip}, "lzip"},
    [ARCHIVE_ZSTD] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_zstd}, "zstd"},
    [ARCHIVE_LZ4] = {{archive_read_support_format_raw, archive_read_support_format_empty}, {archive_read_support_filter_lz4}, "LZ4"},
    [ARCHIVE_COMPRESS] = {{archive_read_support_format_raw, archive_read_support_format_empty},
                          {archive_read_support_filter_compress},
                          "compress"},
    [ARCHIVE_ISO] = {{archive_read_support_format_iso9660}, {0}, ""},
};

/* ---- what libarchive reads from ---- */

static la_ssize_t fail(struct archive_reader *r, struct archive *a) {
    archive_set_error(a, EIO, "%s", r->error.text);
    return ARCHIVE_FATAL;
}

static la_ssize_t on_read(struct archive *a, void *data, const void **out) {
    struct archive_reader *r = data;
    uint64_t left = r->source->size - r->at;
    size_t n = left < sizeof r->buffer ? (size_t)left : sizeof r->buffer;
    if (!budget_spend(r->budget, 0, &r->error) || !source_into(r->source, r->buffer, n, r->at, &r->error)) {
        return fail(r, a);
    }
    *out = r->buffer;
    r->buffer_at = r->at;
    r->at += n;
    return (la_ssize_t)n;
}

static la_int64_t on_skip(struct archive *a, void *data, la_int64_t request) {
    struct archive_reader *r = data;
    (void)a;
    uint64_t left = r->source->size - r->at, n = request > 0 ? (uint64_t)request : 0;
    n = n < left ? n : left;
    r->at += n;
    return (la_int64_t)n;
}

static la_int64_t on_seek(struct archive *a, void *data, la_int64_t offset, int whence) {
    struct archive_reader *r = data;
    int64_t size = (int64_t)r->source->size, from = whence == SEEK_CUR ? (int64_t)r->at : whence == SEEK_END ? size : 0;
    if (offset < -from || offset > size - from) {
        archive_set_error(a, EINVAL, "an offset outside of the archive");
        return ARCHIVE_FATAL;
    }
    r->at = (uint64_t)(from + offset);
    return from + offset;
}

/* ---- errors ---- */

static bool says(const char *text, const char *word) {
    return strcasestr(text, word) != NULL;
}

/* After a failed open, libarchive's note of the format points past its table, and this question would follow it (3.6.2). */
bool archive_reader_encrypted(const struct archive_reader *r) {
    return (r->entry != NULL && archive_entry_is_encrypted(r->entry) != 0) || (r->known && archive_read_has_encrypted_entries(r->a) > 0);
}

/* In libarchive's words, unless the source could not be read at all. */
static void explain(const struct archive_reader *r, struct error *why) {
    const char *text = archive_error_string(r->a);
    text = text != NULL ? text : "the archive can't be read";
    bool memory = archive_errno(r->a) == ENOMEM || says(text, "allocate");
    bool unsupported = says(text, "support") || says(text, "codec id");
    if (r->error.kind != ERR_NONE) {
        *why = r->error;
    } else if (archive_reader_encrypted(r)) {
        error_set(why, ERR_UNSUPPORTED, "encrypted: can't be read without the password");
    } else if (memory) {
        error_memory(why, "to read an archive");
    } else {
        error_set(why, unsupported ? ERR_UNSUPPORTED : ERR_MALFORMED, "%s", text);
    }
}

/* After a fatal error libarchive has only words about itself: the first ones are kept. */
static bool complain(struct archive_reader *r, int code, struct error *err) {
    if (r->fatal.kind == ERR_NONE) {
        struct error why = {0};
        explain(r, &why);
        *err = why;
        r->fatal = code == ARCHIVE_FATAL ? why : r->fatal;
    } else {
        *err = r->fatal;
    }
    return false;
}

/* Some of libarchive's filters take what can't be read for the end. */
static bool was_read(const struct archive_reader *r, struct error *err) {
    return r->error.kind == ERR_NONE || error_again(err, &r->error);
}

/* ---- entries ---- */

static void let_go(struct archive_reader *r) {
    if (r->a != NULL) {
        archive_read_free(r->a);
    }
    r->a = NULL;
    r->known = false;
    r->entry = NULL;
    r->block = bytes_none();
}

static bool enable(struct archive_reader *r, struct error *err) {
    for (size_t i = 0; i < sizeof rows[0].filters / sizeof *rows[0].filters && rows[r->kind].filters[i] != NULL; i++) {
        if (rows[r->kind].filters[i](r->a) != ARCHIVE_OK) { /* it would run a program */
            return error_set(err, ERR_UNSUPPORTED, "this build can't unpack %s", rows[r->kind].needs);
        }
    }
    for (size_t i = 0; i < sizeof rows[0].formats / sizeof *rows[0].formats && (i == 0 || rows[r->kind].formats[i] != NULL); i++) {
        support *format = r->inner != NULL ? r->inner : rows[r->kind].formats[i];
        if (format(r->a) < ARCHIVE_WARN) {
            return complain(r, ARCHIVE_FATAL, err);
        }
    }
    if (r->kind == ARCHIVE_TAR || r->inner == archive_read_support_format_tar) {
        /* What stands behind the end mark is unpacked by some programs. */
        (void)archive_read_set_format_option(r->a, "tar", "read_concatenated_archives", "1");
    }
    return true;
}

static bool begin(struct archive_reader *r, struct error *err) {
    let_go(r);
    r->at = r->next = r->unpacked = 0;
    r->error = r->fatal = (struct error){0};
    r->a = archive_read_new();
    if (r->a == NULL) {
        return error_memory(err, "to read an archive");
    }
    if (!enable(r, err)) {
        return false;
    }
    archive_read_set_read_callback(r->a, on_read);
    archive_read_set_skip_callback(r->a, on_skip);
    archive_read_set_seek_callback(r->a, on_seek);
    archive_read_set_callback_data(r->a, r);
    r->known = archive_read_open1(r->a) >= ARCHIVE_WARN;
    return r->known || complain(r, ARCHIVE_FATAL, err);
}

/* Takes a block of the entry. A program's bytes may be there before an error: they are given first. */
static bool more(struct archive_reader *r, struct error *err) {
    const void *p = NULL;
    size_t n = 0;
    la_int64_t at = 0;
    r->begun = true;
    int code = archive_read_data_block(r->a, &p, &n, &at);
    r->ended = code == ARCHIVE_EOF;
    r->block = bytes_none();
    if (r->ended) {
        return was_read(r, err);
    }
    if (code < ARCHIVE_WARN) {
        r->broken = true;
        return complain(r, code, err);
    }
    r->block = bytes_make(p, n);
    r->block_at = at > 0 ? (uint64_t)at : 0;
    r->unpacked += n;
    return budget_ratio(r->budget, r->unpacked, r->source->size, err);
}

/* Where going past an entry means unpacking it, that is paid for here; elsewhere libarchive skips it. To be asked for the bytes of a
 * folder is damage to its reader of RAR archives. */
static bool drain(struct archive_reader *r, struct error *err) {
    bool folder = r->entry != NULL && archive_entry_filetype(r->entry) == AE_IFDIR;
    bool unpacks = (r->kind == ARCHIVE_RAR && !folder) || r->kind == ARCHIVE_7Z || r->kind == ARCHIVE_RPM || archive_is_packed(r->kind);
    while (r->entry != NULL && unpacks && !r->ended && !r->broken) {
        struct error why;
        if (!more(r, &why)) {
            r->damage = r->damage.kind == ERR_NONE ? why : r->damage;
            return (r->broken && r->fatal.kind == ERR_NONE) || error_again(err, &why);
        }
        if (!budget_spend(r->budget, r->block.n, err)) {
            return false;
        }
    }
    return true;
}

bool archive_reader_next(struct archive_reader *r, bool *end, struct error *err) {
    *end = false;
    if (!drain(r, err)) {
        return false;
    }
    for (unsigned i = 0;; i++) {
        int code = archive_read_next_header(r->a, &r->entry);
        *end = code == ARCHIVE_EOF;
        if (rows[r->kind].filters[0] != NULL && archive_filter_count(r->a) < 2 && code >= ARCHIVE_WARN) {
            r->entry = NULL; /* the raw format has taken it as it is */
            return error_set(err, ERR_MALFORMED, "a packed file whose header is not one of its kind");
        }
        if (*end && !was_read(r, err)) {
            return false;
        }
        if (*end || code == ARCHIVE_OK || code == ARCHIVE_WARN) {
            r->next++;
            r->block = bytes_none();
            r->block_at = r->entry_at = 0;
            r->begun = r->ended = r->broken = false;
            return true;
        }
        struct error why = {0};
        r->entry = NULL;
        bool told = complain(r, code, &why);
        (void)told;
        if (code != ARCHIVE_RETRY || i == RETRIES_MAX) {
            *err = why;
            return false;
        }
        r->damage = r->damage.kind == ERR_NONE ? why : r->damage;
    }
}

/* ---- the bytes of an entry ---- */

/* Between blocks, and to the end, a sparse file is zeros. */
static size_t take(struct archive_reader *r, uint8_t *buf, size_t room) {
    size_t n = 0;
    if (r->block_at > r->entry_at) {
        uint64_t hole = r->block_at - r->entry_at;
        n = hole < room ? (size_t)hole : room;
        memset(buf, 0, n);
    } else if (r->block.n != 0) {
        n = r->block.n < room ? r->block.n : room;
        memcpy(buf, r->block.p, n);
        r->block = bytes_cut(r->block, n, r->block.n);
        r->block_at += n;
    }
    r->entry_at += n;
    return n;
}

static bool next(struct stream *stream, uint8_t *buf, size_t room, size_t *got, struct error *err) {
    struct archive_reader *r = (struct archive_reader *)stream;
    uint64_t size = archive_entry_size_is_set(r->entry) ? (uint64_t)archive_entry_size(r->entry) : 0;
    for (;;) {
        *got = take(r, buf, room);
        if (*got != 0 || room == 0) {
            return true;
        }
        if (r->ended) {
            r->block_at = size > r->entry_at && archive_entry_sparse_count(r->entry) > 0 ? size : r->block_at;
            *got = take(r, buf, room);
            return true;
        }
        if (!more(r, err)) {
            return false;
        }
    }
}

/* Holes are passed over, not unpacked: disk images have gigabytes of them. */
static bool seek(struct stream *stream, uint64_t from, uint64_t to, uint64_t *at) {
    struct archive_reader *r = (struct archive_reader *)stream;
    uint64_t end = r->block_at < to ? r->block_at : to;
    if (end <= from || end <= r->entry_at) {
        return false;
    }
    *at = r->entry_at = end;
    return true;
}

/* Of what is not packed libarchive hands out the reader's own buffer, as far as an entry's bytes stand in one piece there. */
bool archive_reader_stored(struct archive_reader *r, uint64_t *at) {
    bool plain = r->kind == ARCHIVE_TAR || r->kind == ARCHIVE_AR || r->kind == ARCHIVE_DEB;
    struct error why;
    if (!plain || archive_entry_sparse_count(r->entry) > 0 || !archive_entry_size_is_set(r->entry) || (!r->begun && !more(r, &why))) {
        return false;
    }
    uintptr_t block = (uintptr_t)r->block.p, buffer = (uintptr_t)r->buffer;
    uint64_t size = (uint64_t)archive_entry_size(r->entry), total = r->source->size;
    if (r->block.n == 0 || r->block_at != 0 || r->entry_at != 0 || block < buffer || block - buffer >= sizeof r->buffer) {
        return false;
    }
    *at = r->buffer_at + (block - buffer);
    return *at <= total && size <= total - *at;
}

static bool restart(struct stream *stream, struct error *err) {
    struct archive_reader *r = (struct archive_reader *)stream;
    uint64_t number = r->next;
    bool end = false;
    if (!r->begun) {
        return true;
    }
    if (!begin(r, err)) {
        return false;
    }
    while (r->next < number) {
        if (!archive_reader_next(r, &end, err)) {
            return false;
        }
        if (end) {
            return error_set(err, ERR_CHANGED, "the archive has fewer members than before");
        }
    }
    return true;
}

/* What a packed file begins with decides what it holds. libarchive would take anything that begins with zeros for an empty tar archive. */
static archive_support *inner_of(struct bytes head) {
    struct bytes b = bytes_cut(head, 0, INNER_HEAD);
    return archive_kind_of(b) == ARCHIVE_TAR         ? archive_read_support_format_tar
           : bytes_starts(b, bytes_make("07070", 5)) ? archive_read_support_format_cpio
                                                     : NULL;
}

bool archive_reader_goes_on(struct bytes head) {
    return inner_of(head) != NULL;
}

static archive_support *look_ahead(struct archive_reader *r) {
    uint8_t head[INNER_HEAD];
    size_t n = 0, got = 1;
    bool end;
    struct error why;
    if (!archive_reader_next(r, &end, &why) || end) {
        return NULL;
    }
    while (n < sizeof head && got != 0 && next(&r->stream, head + n, sizeof head - n, &got, &why)) {
        n += got;
    }
    return inner_of(bytes_make(head, n));
}

bool archive_reader_open(struct archive_reader *r, enum archive_kind kind, struct source *source, struct budget *budget,
                         struct error *err) {
    r->stream = (struct stream){.next = next, .restart = restart, .seek = seek};
    r->kind = kind;
    r->inner = NULL;
    r->source = source;
    r->budget = budget;
    r->a = NULL;
    r->known = false;
    r->entry = NULL;
    r->damage = (struct error){0};
    r->begun = r->ended = r->broken = false;
    if (!begin(r, err)) {
        return false;
    }
    if (!archive_is_packed(kind)) {
        return true;
    }
    r->inner = look_ahead(r);
    r->damage = (struct error){0};
    return begin(r, err);
}

bool archive_reader_is_cpio(const struct archive_reader *r) {
    return r->inner == archive_read_support_format_cpio;
}

bool archive_reader_as_file(struct archive_reader *r, struct error *err) {
    bool end;
    r->inner = NULL;
    return begin(r, err) && archive_reader_next(r, &end, err);
}

void archive_reader_close(struct archive_reader *r) {
    let_go(r);
}
