/* SPDX-License-Identifier: Apache-2.0 */
/* Three cabinets of a set, d1.cab to d3.cab, each walked with the others beside it: two sizes (u16, little-endian), then all three. */
#include "container_target.h"

extern const struct container container_cab;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct set {
    struct beside beside;
    struct memory_source parts[3];
};

static bool open_part(struct beside *beside, const char *name, struct source **out, struct error *err) {
    struct set *set = (struct set *)beside;
    unsigned i = name[0] != '\0' ? (unsigned)(unsigned char)name[1] - '1' : 3;
    if (i >= 3) {
        return error_set(err, ERR_MALFORMED, "there is no such part");
    }
    *out = &set->parts[i].source;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 4) {
        struct set set = {.beside = {open_part}};
        struct bytes all = bytes_make(data + 4, size - 4), part[3];
        size_t first = data[0] | (size_t)data[1] << 8, second = data[2] | (size_t)data[3] << 8;
        part[0] = bytes_cut(all, 0, first);
        part[1] = bytes_cut(all, part[0].n, second);
        part[2] = bytes_cut(all, part[0].n + part[1].n, all.n);
        for (unsigned i = 0; i < 3; i++) {
            memory_source_init(&set.parts[i], "part", part[i]);
        }
        for (unsigned i = 0; i < 3; i++) {
            container_target_beside(&container_cab, part[i].p, part[i].n, &set.beside);
        }
    }
    return 0;
}
