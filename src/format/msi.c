/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows Installer packages, patches and transforms, and every other compound file ([MS-CFB]): an Authenticode SignedData
 * stands in the stream "\5DigitalSignature" of the root. Which streams of that name exist is taken from the whole array of the
 * directory, not only from its trees; other streams that begin with a SignedData or a certificate are searched.
 *
 * Refused: nothing. Where the structure is broken, the file is searched for signatures.
 */
#include "format/msi.h"

#include "asn1/carve.h"
#include "asn1/cms.h"
#include "base/reader.h"
#include "format/appended.h"
#include "format/format.h"

enum {
    TAIL_MAX = 4 << 20, /* of what stands behind the last sector */
    DER_HEADER_MAX = 6,
    DER_SMALL = 128, /* less is no certificate */
};

struct msi {
    struct cfb cfb;
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    bool seen;         /* a signature stream where it belongs was met */
    struct error lost; /* of a signature stream: the file must be searched */
};

static bool probe(const struct probe *probe) {
    return bytes_starts(probe->head, bytes_make("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8));
}

static void note(struct msi *m, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&m->contents->anomalies, m->arena, name, at, size, detail);
}

static void lost(struct msi *m, const struct error *why) {
    if (m->lost.kind == ERR_NONE) {
        m->lost = *why;
    }
}

/* Damage is told and searched around; no memory and no reading end the work. */
static bool is_damage(const struct error *why) {
    return why->kind == ERR_MALFORMED;
}

/* Why Windows would not find a stream of this name. NULL: it would. */
static const char *out_of_place(struct msi *m, const struct cfb_entry *e) {
    if (!e->reached) {
        return "no storage of the directory leads to it";
    }
    if (e->parent != 0) {
        return "it is inside of a storage, not in the root";
    }
    if (!cfb_name_is(e, MSI_SIGNATURE)) {
        return "its name is spelled in other letters";
    }
    return m->seen ? "there is another one of the same name" : NULL;
}

/* The SignedData at the start of a signature stream, and what follows it there. */
static void read_blob(struct msi *m, const char *part, struct bytes blob, uint64_t at) {
    size_t first = m->contents->n_signatures, added = 0;
    struct error why = {0};
    if (!authenticode_add(m->contents, m->arena, part, blob, at, &added, &why)) {
        note(m, ANOMALY_BAD_BLOB, at, blob.n, "a signature stream that holds no readable signature");
        error_within(&why, "%s", part);
        lost(m, &why);
        return;
    }
    appended_behind(m->contents, m->arena, first, blob, at);
}

static bool read_signature(struct msi *m, const struct cfb_entry *e, struct error *err) {
    struct cfb_stream stream;
    struct bytes blob;
    struct error why = {0};
    const char *odd = out_of_place(m, e), *part = odd == NULL ? "signature" : cfb_path_text(&m->cfb, e, m->arena);
    if (part == NULL) {
        return arena_full(m->arena, err);
    }
    m->seen = m->seen || odd == NULL;
    if (odd != NULL) {
        note(m, ANOMALY_UNREFERENCED_STREAM, e->at, e->size, odd);
    }
    uint64_t most = limit_most(m->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (!cfb_stream_open(&m->cfb, e, part, &stream, &why) || !source_read_some(&stream.source, m->arena, 0, most, &blob, &why)) {
        if (!is_damage(&why)) {
            *err = why;
            return false;
        }
        note(m, ANOMALY_BAD_DIRECTORY, e->at, e->size, "the stream of the signature can't be followed");
        error_within(&why, "%s", part);
        lost(m, &why);
        return true;
    }
    if (e->size > most) {
        contents_limited(m->contents, m->arena, LIMIT_SIGNATURE_SIZE);
    }
    read_blob(m, part, blob, stream.n != 0 ? stream.spans[0].at : e->at);
    return true;
}

/* Whether a stream of that size may be one DER or BER element: a certificate, a SignedData. */
static bool looks_encoded(struct bytes head, uint64_t size) {
    struct reader r = reader_make(head, 0);
    uint8_t tag = reader_u8(&r), first = reader_u8(&r);
    uint64_t told = 0;
    for (unsigned i = 0x80; i < first && i < 0x84; i++) {
        told = told << 8 | reader_u8(&r);
    }
    return reader_ok(&r) && tag == 0x30 && first >= 0x80 && first <= 0x84 && told <= size;
}

/*
 * A stream of another name. A certificate in it is somebody's payload (the tables MsiDigitalCertificate and Binary hold such), and
 * so is a SignedData beside a signature where it belongs; without that it is a signature that was renamed.
 */
static bool search_stream(struct msi *m, const struct cfb_entry *e, struct error *err) {
    struct cfb_stream stream;
    struct bytes head, b;
    struct error why = {0};
    size_t known = m->contents->anomalies.n;
    if (e->size < DER_SMALL || e->size > m->source->size) {
        return true;
    }
    if (!cfb_stream_open(&m->cfb, e, "", &stream, &why)) {
        if (!is_damage(&why)) {
            *err = why;
            return false;
        }
        return true; /* the claims tell it, where there is something to prove */
    }
    if (!source_read_some(&stream.source, m->arena, 0, DER_HEADER_MAX, &head, err)) {
        return false;
    }
    if (!looks_encoded(head, e->size)) {
        return true;
    }
    uint64_t most = limit_most(m->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (e->size > most) {
        contents_limited(m->contents, m->arena, LIMIT_SIGNATURE_SIZE);
    }
    if (!source_read_some(&stream.source, m->arena, 0, most, &b, err)) {
        return false;
    }
    size_t first = m->contents->n_signatures;
    carve_bytes(m->contents, m->arena, b, stream.spans[0].at);
    bool has_signer = m->contents->n_signatures > first && m->contents->signatures[first].signer != NULL;
    for (size_t i = known; i < m->contents->anomalies.n; i++) {
        if (m->contents->anomalies.all[i].name == ANOMALY_CARVED && (m->seen || !has_signer)) {
            m->contents->anomalies.all[i].weighty = false;
        }
    }
    return true;
}

static bool read_streams(struct msi *m, struct error *err) {
    for (uint32_t i = 1; i < m->cfb.n; i++) {
        if (cfb_name_is_like(&m->cfb.entries[i], MSI_SIGNATURE) && !read_signature(m, &m->cfb.entries[i], err)) {
            return false;
        }
    }
    for (uint32_t i = 1; i < m->cfb.n; i++) {
        const struct cfb_entry *e = &m->cfb.entries[i];
        if (e->type == CFB_STREAM && !cfb_name_is_like(e, MSI_SIGNATURE) && !search_stream(m, e, err)) {
            return false;
        }
    }
    return true;
}

/* Behind the last sector that is in use: no stream, so no digest reaches there. A ZIP there is a JAR to Java (CVE-2020-1464). */
static bool read_tail(struct msi *m, struct error *err) {
    uint64_t at = m->cfb.end, n = m->source->size - at;
    struct bytes tail;
    if (n == 0) {
        return true;
    }
    if (!source_read_some(m->source, m->arena, at, n < TAIL_MAX ? n : TAIL_MAX, &tail, err)) {
        return false;
    }
    if (m->contents->n_signatures != 0 && (!appended_is_zero(tail) || n > tail.n)) {
        appended_note(m->contents, m->arena, ANOMALY_DATA_AFTER_CONTAINER, tail, at, n);
        struct bytes end_record = bytes_make("PK\5\6", 4);
        if (bytes_starts(tail, bytes_make("PK\3\4", 4)) || bytes_find(tail, end_record, 0) != tail.n) {
            note(m, ANOMALY_POLYGLOT, at, n, "a ZIP archive behind a compound file");
        }
    }
    carve_bytes(m->contents, m->arena, tail, at);
    return true;
}

/* Searches the file when its structure lost something; what is found makes the damage no reason to call it unreadable. */
static bool search_file(struct msi *m, const struct error *why, struct error *err) {
    size_t added, first = m->contents->n_signatures;
    if (!carve_source(m->contents, m->arena, m->source, 0, m->source->size, &added, err)) {
        return false;
    }
    for (size_t i = first; i < m->contents->n_signatures; i++) {
        if (m->contents->signatures[i].signer != NULL) {
            return true;
        }
    }
    contents_unreadable(m->contents, why);
    return true;
}

static bool read_all(struct msi *m, struct error *err) {
    struct error why = {0};
    if (!cfb_open(&m->cfb, m->source, m->arena, &why)) {
        if (!is_damage(&why)) {
            *err = why;
            return false;
        }
        contents_unreadable(m->contents, &why);
        return search_file(m, &why, err);
    }
    if (!read_streams(m, err) || !read_tail(m, err) || !msi_claims(&m->cfb, m->contents, err) || !msi_outside(&m->cfb, m->contents, err)) {
        return false;
    }
    if (m->cfb.cut.kind != ERR_NONE) {
        contents_unreadable(m->contents, &m->cfb.cut);
        lost(m, &m->cfb.cut);
        note(m, ANOMALY_ODD_LAYOUT, 0, 0, arena_printf(m->arena, "%s", m->cfb.cut.text));
    }
    if (m->lost.kind != ERR_NONE && !search_file(m, &m->lost, err)) {
        return false;
    }
    if (m->cfb.odd != NULL && m->contents->n_signatures != 0) {
        note(m, ANOMALY_ODD_LAYOUT, 0, 0, m->cfb.odd);
    }
    return true;
}

/* What was found until memory ran out stays. */
static bool read(struct source *source, struct arena *arena, struct contents *contents, struct error *err) {
    struct msi m = {.source = source, .arena = arena, .contents = contents};
    struct error why = {0};
    if (read_all(&m, &why)) {
        return true;
    }
    contents_unreadable(contents, &why);
    if (err != NULL) {
        *err = why;
    }
    return why.kind == ERR_LIMIT && contents->n_signatures != 0;
}

const struct format format_msi = {
    .name = "msi",
    .long_name = "Windows Installer package or other compound file (MSI, MSP, MST)",
    .first = FIRST_OCTETS("\xd0"),
    .acts_on_members = true,
    .probe = probe,
    .read = read,
    .version = msi_version,
};
