/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/candidate.h"

#include <pthread.h>

#include "scan/catalogs.h"

/* Beginnings of members that carry no signature at their end, and whose tail costs all their bytes: what can't be signed is not unpacked
 * past its first bytes, unless all is wanted. A file's own tail is one more read, whatever it begins with. */
static bool tail_is_dear(struct bytes head) {
    static const char java[] = "\xca\xfe\xba\xbe\0\0\0"; /* and the major version, from 45 on: a fat Mach-O has fewer slices */
    static const struct {
        size_t n;
        const char *magic;
    } heads[] = {
        {4, "\x7f"
            "ELF"},
        {8, "\x89PNG\r\n\x1a\n"},
        {3, "\xff\xd8\xff"},
        {4, "GIF8"},
        {8, "!<arch>\n"},
        {4, "OggS"},
        {4, "wOFF"},
        {4, "wOF2"},
        {4, "\xde\x12\x04\x95"},
        {6, "SQLite"},
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (bytes_starts(head, bytes_make(heads[i].magic, heads[i].n))) {
            return true;
        }
    }
    return bytes_starts(head, bytes_make(java, sizeof java - 1)) && head.n >= sizeof java && head.p[sizeof java - 1] >= 45;
}

/* The head of a short file is its tail, too. */
static struct bytes tail_of(struct bytes head, struct bytes tail, uint64_t size) {
    return size > head.n ? tail : bytes_cut(head, head.n > PROBE_TAIL ? head.n - PROBE_TAIL : 0, PROBE_TAIL);
}

/* For each octet that a file may begin with, whose probes are to be asked: bit i is row i of the table. Of formats twice: those that have a
 * signature of their own, then all. */
static struct { uint64_t formats[2][256], containers[256]; } asked;
static pthread_once_t asked_once = PTHREAD_ONCE_INIT;

static bool may_begin(struct bytes octets, unsigned first) {
    return octets.n == 0 || memchr(octets.p, (int)first, octets.n) != NULL;
}

static void gather_asked(void) {
    for (unsigned first = 0; first < 256; first++) {
        for (size_t i = 0; formats[i] != NULL; i++) {
            uint64_t row = may_begin(formats[i]->first, first) ? UINT64_C(1) << i : 0;
            asked.formats[0][first] |= formats[i]->unsigned_itself ? 0 : row;
            asked.formats[1][first] |= row;
        }
        for (size_t i = 0; containers[i] != NULL; i++) {
            asked.containers[first] |= may_begin(containers[i]->first, first) ? UINT64_C(1) << i : 0;
        }
    }
}

/* A file that was named, or what lies in one, is worth more than one of a whole disk. */
static bool is_quick(const struct examiner *examiner) {
    return !examiner->thorough && !examiner->search;
}

bool candidate_is(const struct examiner *examiner, const struct probe *read) {
    struct probe probe = *read;
    if (probe.size == 0) {
        return false;
    }
    probe.tail = tail_of(probe.head, probe.tail, probe.size);
    probe.whole = probe.size <= probe.head.n ? probe.head : probe.whole;
    probe.thorough = examiner->thorough;
    probe.quick = is_quick(examiner);
    probe_mark(&probe);
    if (examiner->only != NULL) {
        return examiner->only->probe(&probe);
    }
    pthread_once(&asked_once, gather_asked);
    uint8_t first = probe.head.p[0];
    for (uint64_t left = asked.formats[examiner->members][first]; left != 0; left &= left - 1) {
        if (formats[__builtin_ctzll(left)]->probe(&probe)) {
            return true;
        }
    }
    for (uint64_t left = examiner->members ? asked.containers[first] : 0; left != 0; left &= left - 1) {
        if (containers[__builtin_ctzll(left)]->probe(&probe)) {
            return true;
        }
    }
    bool by_catalog = examiner->catalogs != NULL && examiner->catalogs->any_file;
    return examiner->thorough || by_catalog || blocklist_names_size(examiner->list, probe.size);
}

bool candidate_wants_whole(const struct examiner *examiner, const struct probe *probe) {
    for (size_t i = 0; !examiner->thorough && probe->whole.n == 0 && probe->size <= PROBE_WHOLE && formats[i] != NULL; i++) {
        if (formats[i]->wants_whole && formats[i]->probe(probe)) {
            return true;
        }
    }
    return false;
}

/* A file that was named is searched whole; its members are read at both ends like it, whatever they begin with, but not searched. */
static bool is_thorough(const struct examiner *examiner, bool outermost) {
    return examiner->thorough || (examiner->search && outermost);
}

static bool wants_tail(const struct examiner *examiner, const struct source *source, struct bytes head) {
    if (examiner->thorough || examiner->search) {
        return source->size > head.n;
    }
    return source->size > head.n && !(source->sequential && tail_is_dear(head));
}

bool candidate_probe(const struct examiner *examiner, struct source *source, bool outermost, struct arena *arena, struct probe *probe,
                     struct error *err) {
    uint64_t size = source->size;
    *probe = (struct probe){.head = bytes_none(),
                            .tail = bytes_none(),
                            .middle = bytes_none(),
                            .size = size,
                            .thorough = is_thorough(examiner, outermost),
                            .quick = is_quick(examiner)};
    if (!source_read_some(source, arena, 0, PROBE_HEAD, &probe->head, err)) {
        return false;
    }
    if (!wants_tail(examiner, source, probe->head)) {
        probe->tail = tail_of(probe->head, probe->tail, size);
        return true;
    }
    if (size >= PROBE_MIDDLE_AT + PROBE_MIDDLE && !source_read(source, arena, PROBE_MIDDLE_AT, PROBE_MIDDLE, &probe->middle, err)) {
        return false;
    }
    bool ok = source_read_some(source, arena, size > PROBE_TAIL ? size - PROBE_TAIL : 0, PROBE_TAIL, &probe->tail, err);
    probe->tail = tail_of(probe->head, probe->tail, size);
    return ok;
}
