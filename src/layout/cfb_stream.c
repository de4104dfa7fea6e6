/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes and the names of a compound file's streams. */
#include "base/reader.h"
#include "layout/cfb_parts.h"

/* Where mini sector m lies in the file; UINT64_MAX outside of the mini stream. */
static uint64_t mini_place(const struct cfb *cfb, uint32_t m) {
    uint64_t in_stream = (uint64_t)m << CFB_MINI_SHIFT, index = in_stream >> cfb->shift;
    if (index >= cfb->n_mini_at) {
        return UINT64_MAX;
    }
    return (((uint64_t)cfb->mini_at[index] + 1) << cfb->shift) + (in_stream & ((UINT64_C(1) << cfb->shift) - 1));
}

static bool piece(struct cfb *cfb, struct cfb_chain *chain, bool mini, uint64_t left, struct span *out, struct error *err) {
    uint64_t size = UINT64_C(1) << (mini ? CFB_MINI_SHIFT : (int)cfb->shift);
    uint32_t sector;
    if (cfb_chain_ended(chain)) {
        return error_set(err, ERR_MALFORMED, "a stream is shorter than its entry says");
    }
    if (!cfb_chain_next(chain, &sector, err)) {
        return false;
    }
    uint64_t at = mini ? mini_place(cfb, sector) : ((uint64_t)sector + 1) << cfb->shift;
    uint64_t n = left < size ? left : size;
    if (at > cfb->source->size || n > cfb->source->size - at) {
        return error_set(err, ERR_MALFORMED, "a stream passes the end of the file");
    }
    *out = (struct span){.at = at, .n = n};
    return true;
}

/* Walks a stream's chain; with spans NULL it only counts. */
static bool walk(struct cfb *cfb, const struct cfb_entry *entry, struct span *spans, size_t *count, struct error *err) {
    bool mini = entry->size < cfb->cutoff && entry->type != CFB_ROOT;
    struct cfb_chain chain = cfb_chain_make(cfb, mini ? cfb->mini : cfb->fat, entry->start);
    uint64_t left = entry->size, end = UINT64_MAX;
    struct span next = {0};
    *count = 0;
    for (; left != 0; left -= next.n) {
        if (!piece(cfb, &chain, mini, left, &next, err)) {
            return false;
        }
        if (next.at != end) {
            if (spans != NULL) {
                spans[*count] = (struct span){.at = next.at};
            }
            (*count)++;
        }
        if (spans != NULL) {
            spans[*count - 1].n += next.n;
        }
        end = next.at + next.n;
    }
    return true;
}

bool cfb_spans(struct cfb *cfb, const struct cfb_entry *entry, struct span **spans, size_t *n, struct error *err) {
    size_t count;
    if (entry->size > cfb->source->size) {
        return error_set(err, ERR_MALFORMED, "a stream is larger than the file");
    }
    if (!walk(cfb, entry, NULL, &count, err)) {
        return false;
    }
    struct span *all = arena_array(cfb->arena, count, sizeof *all);
    if (all == NULL) {
        return arena_full(cfb->arena, err);
    }
    if (!walk(cfb, entry, all, n, err)) {
        return false;
    }
    *spans = all;
    return true;
}

/* The last span that begins at or before at. */
static size_t find(const struct cfb_stream *s, uint64_t at) {
    size_t low = 0, high = s->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->starts[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool stream_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct cfb_stream *s = (struct cfb_stream *)source;
    uint8_t *to = buf;
    for (size_t i = find(s, at); n != 0; i++) {
        uint64_t skip = at - s->starts[i], have = s->spans[i].n - skip;
        size_t take = n < have ? n : (size_t)have;
        if (!source_into(s->under, to, take, s->spans[i].at + skip, err)) {
            return false;
        }
        to += take;
        at += take;
        n -= take;
    }
    return true;
}

bool cfb_stream_open(struct cfb *cfb, const struct cfb_entry *entry, const char *name, struct cfb_stream *stream, struct error *err) {
    uint64_t at = 0;
    *stream = (struct cfb_stream){.source = {.name = name, .size = entry->size, .pread = stream_pread}, .under = cfb->source};
    if (!cfb_spans(cfb, entry, &stream->spans, &stream->n, err)) {
        return false;
    }
    stream->starts = arena_array(cfb->arena, stream->n, sizeof *stream->starts);
    if (stream->starts == NULL) {
        return arena_full(cfb->arena, err);
    }
    for (size_t i = 0; i < stream->n; i++) {
        stream->starts[i] = at;
        at += stream->spans[i].n;
    }
    return true;
}

/* ---- names ---- */

static uint16_t unit(struct bytes name, size_t i) {
    struct reader r = reader_make(bytes_cut(name, 2 * i, 2), 0);
    return reader_u16le(&r);
}

static bool compare(const struct cfb_entry *entry, const char *text, bool fold) {
    size_t n = strlen(text);
    if (entry->name.n != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t a = unit(entry->name, i), b = (uint8_t)text[i];
        if (fold && a >= 'A' && a <= 'Z') {
            a = (uint16_t)(a + 32);
        }
        if (fold && b >= 'A' && b <= 'Z') {
            b = (uint16_t)(b + 32);
        }
        if (a != b) {
            return false;
        }
    }
    return true;
}

bool cfb_name_is(const struct cfb_entry *entry, const char *text) {
    return compare(entry, text, false);
}

bool cfb_name_is_like(const struct cfb_entry *entry, const char *text) {
    return compare(entry, text, true);
}

static size_t put(char *to, uint32_t c) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

const char *cfb_name_text(const struct cfb_entry *entry, struct arena *arena) {
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    size_t units = entry->name.n / 2, n = 0;
    char *out = arena_alloc(arena, units * 3 + 1);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < units; i++) {
        uint32_t c = unit(entry->name, i), low = i + 1 < units ? unit(entry->name, i + 1) : 0;
        if (c >= 0x3800 && c < 0x4800) {
            out[n++] = alphabet[(c - 0x3800) & 0x3f];
            out[n++] = alphabet[(c - 0x3800) >> 6];
        } else if (c >= 0x4800 && c < 0x4840) {
            out[n++] = alphabet[c - 0x4800];
        } else if (c == 0x4840) {
            out[n++] = '!';
        } else if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            n += put(out + n, 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00)));
            i++;
        } else if (c == 0 || (c >= 0xd800 && c < 0xe000)) {
            n += put(out + n, 0xfffd);
        } else {
            n += put(out + n, c);
        }
    }
    return out;
}

const char *cfb_path_text(const struct cfb *cfb, const struct cfb_entry *entry, struct arena *arena) {
    const char *path = cfb_name_text(entry, arena);
    for (uint32_t up = entry->parent; path != NULL && entry->reached && up != CFB_NONE && up != 0; up = cfb->entries[up].parent) {
        const char *name = cfb_name_text(&cfb->entries[up], arena);
        path = name != NULL ? arena_printf(arena, "%s/%s", name, path) : NULL;
    }
    return path;
}
