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

/* Of what is unpacked from its beginning on, and too large to be kept, a window is read back and forth: it is kept if it is small. What
 * can't be read of it is met again by who reads the window. */
static bool keep(const struct source *under, struct source *window, struct arena *arena, struct memory_source *kept) {
    struct bytes whole;
    struct error why;
    bool worth = under->sequential && under->size > STREAM_WHOLE && window->size <= STREAM_WHOLE;
    if (!worth || window->size >= arena->cap - arena->used || !source_read(window, arena, 0, window->size, &whole, &why)) {
        return false;
    }
    memory_source_init(kept, window->name, whole);
    return true;
}

bool visit_window(struct visitor *visitor, struct source *source, uint64_t at, uint64_t n, const char *path, struct arena *arena,
                  struct error *err) {
    struct window_source window;
    struct memory_source kept;
    if (path == NULL) {
        return arena_full(arena, err);
    }
    window_source_init(&window, path, source, at, n);
    bool is_kept = keep(source, &window.source, arena, &kept);
    const struct member member = {.path = path, .source = is_kept ? &kept.source : &window.source};
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
