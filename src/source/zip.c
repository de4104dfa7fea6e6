/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP and all that is one underneath (JAR, APPX and MSIX, NuGet, VSIX, APK, OOXML): PKWARE's APPNOTE 6.3.
 *
 * Unpackers differ in what they believe: the last end record or an earlier one, the central directory or the local headers, the sizes
 * or the data. Each reading is looked at, and the difference is told. An archive may stand behind something else (a program that
 * unpacks itself, a script, an MSI), also in front of a certificate table.
 *
 * Left to 7z, where there is one: members of other methods than stored, deflate, bzip2, LZMA and xz. Not readable, and said so: encrypted
 * members, members on other volumes.
 */
#include "source/zip.h"

#include <stdlib.h>

#include "layout/xap.h"
#include "source/pe_overlay.h"

enum {
    SEARCH_MAX = 1 << 20, /* so many bytes before an archive are searched for members, whatever they are */
    TAIL = 1024,          /* that is read of a program without an overlay */
    PADDING_MAX = 8,      /* before a certificate table */
};

bool zip_at_head(struct bytes head) {
    return bytes_starts(head, bytes_text("PK\3\4")) || bytes_starts(head, bytes_text("PK\5\6")) ||
           bytes_starts(head, bytes_text("PK\7\10PK\3\4")) || bytes_starts(head, bytes_text("PK00PK\3\4"));
}

bool zip_at_tail(struct bytes tail) {
    size_t at = bytes_find(tail, bytes_text("PK\5\6"), 0);
    return at < tail.n && tail.n - at >= ZIP_END_SIZE;
}

/* What often stands in front of an archive. */
static const struct {
    const char *magic;
    size_t n;
    bool odd;    /* the archive has no business there */
    bool search; /* its end record is looked for even where its comment hides it from the probe */
} fronts[] = {
    {"MZ", 2, false, true},
    {"Cr24", 4, false, true},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, false, true}, /* format/msi.c tells what is behind it */
    {"#!", 2, false, false},
    {"\177ELF", 4, false, false},
    {"JM\1\0", 4, false, false}, /* a Java module */
    {"\xcf\xfa\xed\xfe", 4, false, false},
    {"\xca\xfe\xba\xbe", 4, false, false},
    {"GIF8", 4, true, false},
    {"%PDF", 4, true, false},
    {"\x89PNG", 4, true, false},
    {"\xff\xd8\xff", 3, true, false},
};
enum { N_FRONTS = sizeof fronts / sizeof *fronts };

/* The row of what the file begins with; N_FRONTS when it is none of them. */
static size_t front_of(struct bytes head) {
    size_t i = 0;
    while (i < N_FRONTS && !bytes_starts(head, bytes_make(fronts[i].magic, fronts[i].n))) {
        i++;
    }
    return i;
}

static bool probe(const struct probe *probe) {
    size_t front = front_of(probe->head);
    bool search = probe->thorough || (front < N_FRONTS && fronts[front].search);
    return probe->size >= ZIP_END_SIZE && (search || probe_zip(probe));
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_duplicates(struct zip *zip) {
    const char **names = arena_array(zip->arena, zip->n, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; names != NULL && i < zip->n; i++) {
        if (!zip->members[i].hidden) {
            names[n++] = zip->members[i].name;
        }
    }
    if (n > 1) {
        qsort(names, n, sizeof *names, by_text);
    }
    for (size_t i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            zip_tally_add(&zip->duplicates, 0, names[i]);
        }
    }
}

static void note(struct zip *zip, enum anomaly_name name, const struct zip_tally *tally) {
    if (tally->n != 0) {
        const char *detail =
            tally->n == 1 ? tally->first : arena_printf(zip->arena, "%s and %llu more", tally->first, (unsigned long long)tally->n - 1);
        anomaly_note(zip->anomalies, zip->arena, name, tally->at, 0, detail);
    }
}

static void note_tallies(struct zip *zip) {
    find_duplicates(zip);
    note(zip, ANOMALY_MEMBER_MISMATCH, &zip->mismatches);
    note(zip, ANOMALY_NAME_MISMATCH, &zip->names);
    note(zip, ANOMALY_UNSAFE_NAME, &zip->unsafe);
    note(zip, ANOMALY_HIDDEN_MEMBER, &zip->hidden);
    note(zip, ANOMALY_OVERLAPPING_MEMBER, &zip->overlaps);
    note(zip, ANOMALY_ENCRYPTED_MEMBER, &zip->encrypted);
    note(zip, ANOMALY_DUPLICATE_MEMBER, &zip->duplicates);
}

/* Where the archive's first and last bytes are, by its directories and members. */
static void extent(const struct zip *zip, uint64_t *first, uint64_t *end) {
    *first = UINT64_MAX;
    *end = 0;
    for (unsigned i = 0; i < zip->n_directories; i++) {
        const struct zip_directory *d = &zip->directories[i];
        *first = d->at < *first ? d->at : *first;
        *end = d->end_at + d->end_size > *end ? d->end_at + d->end_size : *end;
    }
    for (size_t i = 0; i < zip->n; i++) {
        *first = zip->members[i].data_at != 0 && zip->members[i].at < *first ? zip->members[i].at : *first;
    }
}

/* Where an archive may end, and where what was found there begins and ends. */
struct stretch {
    uint64_t from, to, first, end;
};

/* Whether what stands behind is a signature, and nothing else: of a package of Silverlight, which its format reads. */
static bool is_signature(const struct zip *zip, const struct stretch *s) {
    uint64_t end, told;
    return s->to == zip->source->size && xap_archive_end(zip->source, &end, &told, NULL) && end == s->end &&
           told == s->to - end - XAP_HEADER - XAP_TRAILER;
}

/* What stands in front of the archive and behind it. */
static void note_surroundings(struct zip *zip, struct bytes head, const struct stretch *s) {
    uint64_t padding = bytes_starts(head, bytes_text("MZ")) ? PADDING_MAX : 1;
    size_t front = front_of(head);
    if (s->end < s->to && s->to - s->end >= padding && !is_signature(zip, s)) {
        anomaly_note(zip->anomalies, zip->arena, ANOMALY_DATA_AFTER_CONTAINER, s->end, s->to - s->end, NULL);
    }
    if (s->first > s->from && !zip_at_head(head) && (front == N_FRONTS || fronts[front].odd)) {
        anomaly_note(zip->anomalies, zip->arena, front < N_FRONTS ? ANOMALY_POLYGLOT : ANOMALY_ODD_LAYOUT, s->from, s->first - s->from,
                     "bytes in front of the archive");
    }
}

static bool find_in(struct zip *zip, struct bytes head, uint64_t from, uint64_t to, struct error *err) {
    unsigned before = zip->n_directories;
    struct stretch s = {.from = from, .to = to};
    if (to < from || to - from < ZIP_END_SIZE) {
        return true;
    }
    if (!zip_directories(zip, from, to, err)) {
        return false;
    }
    if (zip->n_directories == before) {
        return true;
    }
    extent(zip, &s.first, &s.end);
    if (s.end < to &&
        to - s.end > ZIP_END_SIZE + ZIP_COMMENT_MAX) { /* somewhere in the middle, which only a search finds: it is not the file */
        return zip_hidden(zip, s.first, s.end, err);
    }
    bool searched = (bytes_starts(head, bytes_text("MZ")) && from != 0) || zip_at_head(head) || s.first <= SEARCH_MAX;
    if (!zip_hidden(zip, searched ? from : s.first, to, err)) {
        return false;
    }
    if (zip->n != 0 || zip_at_head(head)) { /* an end record of nothing is a word in a program that writes archives */
        note_surroundings(zip, head, &s);
    }
    return true;
}

/* The archive without an end: only local headers are left of it. */
static bool find_without_end(struct zip *zip, struct error *err) {
    if (!zip_search(zip, 0, zip->source->size, err)) {
        return false;
    }
    if (zip->limit.kind == ERR_NONE) {
        error_set(&zip->limit, ERR_MALFORMED, "no end of the central directory: the archive is cut short or damaged");
    }
    return true;
}

/* Where in a program an archive may stand. One in its last section is no overlay, but as good for those that unpack it. */
static bool find_overlay(struct zip *zip, struct pe_overlay *overlay, struct error *err) {
    uint8_t tail[TAIL];
    struct pe pe;
    if (!pe_overlay_find(zip->source, zip->arena, &pe, overlay, err)) {
        return false;
    }
    size_t n = overlay->end < sizeof tail ? (size_t)overlay->end : sizeof tail;
    if (overlay->end - overlay->at >= ZIP_END_SIZE) {
        return true;
    }
    if (!source_into(zip->source, tail, n, overlay->end - n, err)) {
        return false;
    }
    overlay->at = zip_at_tail(bytes_make(tail, n)) ? 0 : overlay->at;
    return true;
}

static bool find(struct zip *zip, struct error *err) {
    uint8_t octets[16];
    size_t n = zip->source->size < sizeof octets ? (size_t)zip->source->size : sizeof octets;
    if (!source_into(zip->source, octets, n, 0, err)) {
        return false;
    }
    struct bytes head = bytes_make(octets, n);
    struct pe_overlay overlay = {.at = 0, .end = zip->source->size, .after = zip->source->size};
    if (bytes_starts(head, bytes_text("MZ")) && !find_overlay(zip, &overlay, err)) {
        return false;
    }
    if (!find_in(zip, head, overlay.at, overlay.end, err) || !find_in(zip, head, overlay.after, zip->source->size, err)) {
        return false;
    }
    if (zip->n_directories > 1) {
        anomaly_note(zip->anomalies, zip->arena, ANOMALY_TWO_DIRECTORIES, zip->directories[1].at, 0, NULL);
    }
    return zip->n_directories != 0 || !zip_at_head(head) || find_without_end(zip, err);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct arena scratch = limit_arena(budget->limits);
    struct zip *zip = arena_alloc(arena, sizeof *zip);
    if (zip == NULL) {
        return arena_full(arena, err);
    }
    *zip = (struct zip){.source = source, .arena = arena, .scratch = &scratch, .budget = budget, .anomalies = anomalies};
    bool found = find(zip, err); /* what it found until an error stays found */
    struct error why;
    bool visited = zip_visit(zip, visitor, found ? err : &why);
    note_tallies(zip);
    arena_free(&scratch);
    if (found && visited && zip->limit.kind != ERR_NONE) {
        *err = zip->limit;
        return false;
    }
    return found && visited;
}

const struct container container_zip = {.name = "zip", .probe = probe, .walk = walk};
