/* SPDX-License-Identifier: Apache-2.0 */
#include "source/probe.h"

#include "source/udif.h"
#include "source/zip.h"

static struct probe_marks marks_of(const struct probe *probe) {
    struct bytes head = probe->head, tail = probe->tail;
    return (struct probe_marks){.known = true,
                                .zip = zip_at_head(head) || zip_at_tail(tail),
                                .udif = udif_trailer_in(tail) ||
                                        udif_trailer_in(probe->size > head.n ? bytes_cut(head, 0, UDIF_TRAILER) : head),
                                .archive = archive_kind_of(head)};
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
