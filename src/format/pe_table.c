/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate table of a PE file. Microsoft's "PE Format", "The Attribute Certificate Table (Image Only)": entries one behind
 * the other, each at a multiple of 8 from the table's beginning:
 *      0 u32 dwLength (with these 8 bytes), 4 u16 wRevision, 6 u16 wCertificateType, 8 bCertificate
 * Type 2 is a PKCS#7 SignedData and zeros up to the next multiple of 8. Windows looks at the first entry only; firmware at all.
 *
 * Nothing is refused: an entry that can't be read as it says is searched for signatures.
 */
#include "asn1/carve.h"
#include "asn1/cms.h"
#include "base/reader.h"
#include "format/appended.h"
#include "format/pe.h"

enum {
    ENTRY_HEADER = 8,
    REVISION_2 = 0x0200,
    TYPE_PKCS7 = 2,
    TAIL_MAX = 4 << 20,       /* of the data behind a table */
    OVERSHOOT_MAX = 64 << 10, /* an entry that passes the table by more says nothing of its length */
};

struct table {
    struct source *source;
    struct arena *arena;
    const struct pe *pe;
    struct contents *contents;
    struct bytes bytes; /* from pe->table_at on, as far as it was read */
    uint64_t size;      /* of the table inside the file */
};

static void note(struct table *t, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&t->contents->anomalies, t->arena, name, at, size, detail);
}

static uint64_t most(const struct table *t, enum limit which) {
    return limit_most(t->arena->limits, which);
}

/* Gives the signatures from index first on their claims: all of them sign the same bytes of the file. */
static bool claim(struct table *t, size_t first, struct error *err) {
    for (size_t i = first; i < t->contents->n_signatures; i++) {
        struct signature *s = &t->contents->signatures[i];
        if (s->claimed.n != 0 && s->n_claims == 0 && !pe_claims(t->arena, t->pe, t->contents, s, err)) {
            return false;
        }
    }
    return true;
}

/* Searches what no entry holds. What is found there is present; that it is the file's signature is not said by anything. */
static void search(struct table *t, struct bytes b, uint64_t at, const struct error *why) {
    size_t first = t->contents->n_signatures;
    carve_bytes(t->contents, t->arena, b, at);
    for (size_t i = first; i < t->contents->n_signatures; i++) {
        if (t->contents->signatures[i].signer != NULL) {
            return;
        }
    }
    contents_unreadable(t->contents, why);
}

/* One entry: blob is what is behind its header, at is where that stands. *read is false when it holds no readable signature. */
static bool read_entry(struct table *t, unsigned number, struct bytes blob, uint64_t at, bool *read, struct error *err) {
    const char *part = arena_printf(t->arena, "entry%u", number);
    size_t first = t->contents->n_signatures, added = 0;
    struct error why = {0};
    if (part == NULL) {
        return arena_full(t->arena, err);
    }
    *read = authenticode_add(t->contents, t->arena, part, blob, at, &added, &why);
    if (!*read) {
        note(t, ANOMALY_BAD_TABLE, at, blob.n, "an entry that holds no readable signature");
        error_within(&why, "%s", part);
        uint64_t from = at - t->pe->table_at;
        search(t, bytes_cut(t->bytes, (size_t)from, t->bytes.n), at, &why);
        return true;
    }
    appended_behind(t->contents, t->arena, first, blob, at);
    return claim(t, first, err);
}

static bool is_firmware(const struct pe *pe) {
    return pe->subsystem >= 10 && pe->subsystem <= 13;
}

static void note_entry(struct table *t, unsigned number, uint16_t revision, uint16_t type, uint64_t at) {
    if (revision != REVISION_2 || type != TYPE_PKCS7) {
        note(t, ANOMALY_ODD_ENTRY_TYPE, at, 0, arena_printf(t->arena, "revision 0x%04x, type 0x%04x", revision, type));
    }
    if (number == 1 && !is_firmware(t->pe)) {
        note(t, ANOMALY_EXTRA_ENTRY, at, 0, NULL);
    }
}

/* What is left of the table when no entry can be made out any more. */
static void read_rest(struct table *t, unsigned number, size_t at) {
    struct bytes rest = bytes_cut(t->bytes, at, t->bytes.n);
    struct error why;
    if (appended_is_zero(rest) && rest.n < 8) {
        return;
    }
    if (number == most(t, LIMIT_ENTRIES)) {
        limit_reached(t->arena->limits, LIMIT_ENTRIES, &why);
        contents_unreadable(t->contents, &why); /* whatever the search for the rest of them finds */
    } else {
        note(t, ANOMALY_BAD_TABLE, t->pe->table_at + at, rest.n, "bytes that are no entry");
        error_set(&why, ERR_MALFORMED, "certificate table: no entry at 0x%llx", (unsigned long long)(t->pe->table_at + at));
    }
    search(t, rest, t->pe->table_at + at, &why);
}

static bool read_entries(struct table *t, struct error *err) {
    size_t at = 0;
    bool read = true;
    unsigned number = 0;
    for (; read && t->bytes.n - at >= ENTRY_HEADER; number++) {
        struct reader r = reader_make(bytes_cut(t->bytes, at, ENTRY_HEADER), t->pe->table_at + at);
        uint64_t length = reader_u32le(&r), left = t->size - at;
        uint16_t revision = reader_u16le(&r), type = reader_u16le(&r);
        if (length <= ENTRY_HEADER || number == most(t, LIMIT_ENTRIES) || (length > left && length - left > OVERSHOOT_MAX)) {
            break;
        }
        if (length > left) {
            note(t, ANOMALY_BAD_TABLE, t->pe->table_at + at, length, "an entry passes the end of the table");
            length = left;
        }
        struct bytes blob = bytes_cut(t->bytes, at + ENTRY_HEADER, (size_t)length - ENTRY_HEADER);
        uint64_t blob_at = t->pe->table_at + at + ENTRY_HEADER;
        note_entry(t, number, revision, type, t->pe->table_at + at);
        if (type != TYPE_PKCS7) {
            carve_bytes(t->contents, t->arena, blob, blob_at);
        } else if (!read_entry(t, number, blob, blob_at, &read, err)) {
            return false;
        }
        uint64_t rounded = (length + 7) & ~UINT64_C(7);
        at = rounded < t->bytes.n - at ? at + (size_t)rounded : t->bytes.n;
    }
    if (read) {
        read_rest(t, number, at);
    }
    return true;
}

/* Bytes behind the table: covered by the digest, which they break, and ignored by old loaders. */
static bool read_tail(struct table *t, struct error *err) {
    uint64_t at = t->pe->table_at + t->size, n = t->pe->size - at;
    struct bytes tail;
    if (n == 0) {
        return true;
    }
    if (!source_read_some(t->source, t->arena, at, n < TAIL_MAX ? n : TAIL_MAX, &tail, err)) {
        return false;
    }
    appended_note(t->contents, t->arena, ANOMALY_DATA_AFTER_TABLE, tail, at, n);
    carve_bytes(t->contents, t->arena, tail, at);
    return true;
}

/* The directory points nowhere: past the end, or into the headers. */
static bool no_table(struct table *t, struct error *err) {
    struct error why = {0};
    uint64_t from = pe_raw_end(t->pe), n = t->pe->size - from;
    size_t added = 0;
    note(t, ANOMALY_BAD_DIRECTORY, t->pe->entry_at, 0, "the certificate table would lie outside of the file, or in its headers");
    if (n > most(t, LIMIT_SIGNATURE_SIZE)) {
        n = most(t, LIMIT_SIGNATURE_SIZE);
        from = t->pe->size - n;
    }
    if (!carve_source(t->contents, t->arena, t->source, from, n, &added, err)) {
        return false;
    }
    if (added == 0) {
        error_set(&why, ERR_MALFORMED, "the header promises a signature at 0x%llx that is not there", (unsigned long long)t->pe->table_at);
        contents_unreadable(t->contents, &why);
    }
    return true;
}

/* No entry was read, and yet there is a signature: the directory was shortened, or turned away from it. */
static void note_elsewhere(struct table *t) {
    bool read = t->contents->n_signatures == 0 || anomaly_has(&t->contents->anomalies, ANOMALY_BAD_DIRECTORY);
    for (size_t i = 0; i < t->contents->n_signatures; i++) {
        read = read || !t->contents->signatures[i].carved;
    }
    if (!read && t->size != t->pe->size - t->pe->table_at) {
        note(t, ANOMALY_BAD_DIRECTORY, t->pe->entry_at, 0, "the signature is not where the header says");
    }
}

bool pe_table(struct source *source, struct arena *arena, const struct pe *pe, struct contents *contents, struct error *err) {
    struct table t = {.source = source, .arena = arena, .pe = pe, .contents = contents};
    if (pe->table_at < pe->after || pe->table_at >= pe->size) {
        return no_table(&t, err);
    }
    t.size = pe->table_size;
    if (t.size > pe->size - pe->table_at) {
        note(&t, ANOMALY_BAD_DIRECTORY, pe->entry_at, pe->table_size, "the certificate table passes the end of the file");
        t.size = pe->size - pe->table_at;
    } else if (pe->table_at % 8 != 0) {
        note(&t, ANOMALY_BAD_DIRECTORY, pe->entry_at, 0, "the certificate table does not begin at a multiple of 8");
    }
    uint64_t size = most(&t, LIMIT_SIGNATURE_SIZE); /* more of it is not read */
    if (!source_read_some(source, arena, pe->table_at, t.size < size ? t.size : size, &t.bytes, err)) {
        return false;
    }
    if (t.size > size) {
        contents_limited(contents, arena, LIMIT_SIGNATURE_SIZE);
    }
    if (!read_entries(&t, err) || !read_tail(&t, err)) {
        return false;
    }
    note_elsewhere(&t);
    return true;
}
