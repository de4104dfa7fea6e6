/* SPDX-License-Identifier: Apache-2.0 */
#include "source/probe.h"

#include "source/udif.h"
#include "source/zip.h"

/* Whether an octet below 7 stands in b, as in what is no text: no branch within, so that the compiler takes many octets at once. */
static bool has_low(struct bytes b) {
    uint8_t low = 0;
    for (size_t i = 0; i < b.n; i++) {
        low |= b.p[i] < 7;
    }
    return low != 0;
}

/* Both ends' marks hold octets that no text has: most files are not searched for them. */
static struct probe_marks marks_of(const struct probe *probe) {
    struct bytes head = probe->head, tail = probe->tail, end = probe->size > head.n ? tail : head;
    bool text = !has_low(end);
    return (struct probe_marks){.known = true,
                                .zip = zip_at_head(head) || (!text && zip_at_tail(tail)),
                                .udif = (!text && udif_trailer_in(end)) || udif_trailer_in(bytes_cut(head, 0, UDIF_MAGIC)),
                                .archive = archive_kind_of(head),
                                .unread = unread_kind_of(head, tail)};
}

void probe_mark(struct probe *probe) {
    probe->marks = marks_of(probe);
}

bool probe_zip(const struct probe *probe) {
    return probe->marks.known ? probe->marks.zip : marks_of(probe).zip;
}

bool probe_udif(const struct probe *probe) {
    return probe->marks.known ? probe->marks.udif : marks_of(probe).udif;
}

enum archive_kind probe_archive(const struct probe *probe) {
    return probe->marks.known ? probe->marks.archive : marks_of(probe).archive;
}

enum unread_kind probe_unread(const struct probe *probe) {
    return probe->marks.known ? probe->marks.unread : marks_of(probe).unread;
}
