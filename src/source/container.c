/* SPDX-License-Identifier: Apache-2.0 */
#include "source/container.h"

#include <strings.h>

#include "source/stream.h"

extern const struct container container_cab, container_cfb, container_cpio, container_dmg, container_encoded, container_pe_pieces,
    container_xar, container_zip;
extern const struct container container_archive, container_asar, container_helped, container_inno, container_carrier, container_unread;

/* One row a container, one driver a row. */
/* clang-format off */
const struct container *const containers[] = {
    &container_cab,
    &container_cfb,
    &container_pe_pieces,
    &container_zip,
    &container_xar,
    &container_cpio,
    &container_dmg,
    &container_archive,
    &container_asar,
    &container_helped,
    &container_inno,
    &container_carrier,
    &container_encoded,
    &container_unread,
    NULL,
};
/* clang-format on */

bool visit_window(struct visitor *visitor, struct source *source, uint64_t at, uint64_t n, const char *path, struct arena *arena,
                  struct error *err) {
    union view view;
    if (path == NULL) {
        return arena_full(arena, err);
    }
    const struct member member = {.path = path, .source = view_init(&view, path, source, at, n, arena)};
    return visitor->visit(visitor, &member, err);
}

/* The length of the path up to the last name. */
static size_t folder_n(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

bool member_is_beside(const char *path, const char *other, const char *name) {
    size_t n = folder_n(path);
    return strchr(name, '/') == NULL && folder_n(other) == n && strncmp(other, path, n) == 0 && strcasecmp(other + n, name) == 0;
}

bool member_leads_out(const char *path) {
    for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2) {
        bool begins = p == path || p[-1] == '/' || p[-1] == '\\';
        if (begins && (p[2] == '\0' || p[2] == '/' || p[2] == '\\')) {
            return true;
        }
    }
    return false;
}
