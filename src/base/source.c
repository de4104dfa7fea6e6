/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <errno.h>
#include <sys/xattr.h>
#include <unistd.h>

bool source_into(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    if (at > source->size || n > source->size - at) {
        return error_set(err, ERR_MALFORMED, "%zu bytes at offset 0x%llx pass the end (size %llu)", n, (unsigned long long)at,
                         (unsigned long long)source->size);
    }
    if (n == 0) {
        return true;
    }
    source->bytes_read += n;
    return source->pread(source, buf, n, at, err);
}

bool source_read(struct source *source, struct arena *arena, uint64_t at, uint64_t n, struct bytes *out, struct error *err) {
    if (at > source->size || n > source->size - at) {
        return error_set(err, ERR_MALFORMED, "%llu bytes at offset 0x%llx pass the end (size %llu)", (unsigned long long)n,
                         (unsigned long long)at, (unsigned long long)source->size);
    }
    uint8_t *p = n > SIZE_MAX - 1 ? NULL : arena_raw(arena, (size_t)n + 1);
    if (p == NULL) {
        return arena_full(arena, err);
    }
    p[n] = '\0';
    if (!source_into(source, p, (size_t)n, at, err)) {
        return false;
    }
    *out = bytes_make(p, (size_t)n);
    return true;
}

bool source_read_some(struct source *source, struct arena *arena, uint64_t at, uint64_t n, struct bytes *out, struct error *err) {
    if (at > source->size) {
        at = source->size;
    }
    if (n > source->size - at) {
        n = source->size - at;
    }
    return source_read(source, arena, at, n, out, err);
}

static bool memory_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    (void)err;
    struct memory_source *memory = (struct memory_source *)source;
    memcpy(buf, memory->data.p + at, n);
    return true;
}

void memory_source_init(struct memory_source *memory, const char *name, struct bytes data) {
    *memory = (struct memory_source){.source = {.name = name, .size = data.n, .pread = memory_pread}, .data = data};
}

static bool window_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct window_source *window = (struct window_source *)source;
    return source_into(window->under, buf, n, window->at + at, err);
}

void window_source_init(struct window_source *window, const char *name, struct source *under, uint64_t at, uint64_t n) {
    if (at > under->size) {
        at = under->size;
    }
    if (n > under->size - at) {
        n = under->size - at;
    }
    *window = (struct window_source){
        .source = {.name = name, .size = n, .pread = window_pread, .sequential = under->sequential}, .under = under, .at = at};
}

static bool fd_read(struct fd_source *file, uint8_t *p, size_t n, uint64_t at, struct error *err) {
    while (n != 0) {
        ssize_t got = pread(file->fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_sys(err, errno, "can't read at offset 0x%llx", (unsigned long long)at);
        }
        if (got == 0) {
            return error_set(err, ERR_CHANGED, "the file became shorter while it was read (offset 0x%llx)", (unsigned long long)at);
        }
        p += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return true;
}

/* A small read takes the bytes behind it along; what is there already is not read again, so that it can't have changed meanwhile. */
static bool fd_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    struct fd_source *file = (struct fd_source *)source;
    for (size_t i = 0; i < FD_WINDOWS; i++) {
        if (at >= file->windows[i].at && at - file->windows[i].at <= file->windows[i].n &&
            n <= file->windows[i].n - (at - file->windows[i].at)) {
            memcpy(buf, file->windows[i].bytes + (at - file->windows[i].at), n);
            return true;
        }
    }
    if (n > FD_WINDOW) {
        return fd_read(file, buf, n, at, err);
    }
    size_t i = at != 0 ? 1 + file->newest++ % (FD_WINDOWS - 1) : 0;
    size_t room = source->size - at < FD_WINDOW ? (size_t)(source->size - at) : FD_WINDOW;
    file->windows[i].n = 0;
    if (!fd_read(file, file->windows[i].bytes, room, at, err)) {
        return fd_read(file, buf, n, at, err); /* a shorter file may still have these */
    }
    file->windows[i].at = at;
    file->windows[i].n = room;
    memcpy(buf, file->windows[i].bytes, n);
    return true;
}

static bool fd_attribute(struct source *source, const char *name, struct arena *arena, struct bytes *out) {
    struct fd_source *file = (struct fd_source *)source;
    static const char *const spaces[] = {"user.", ""};
    file->attributes = file->attributes >= 0 ? file->attributes : flistxattr(file->fd, NULL, 0) > 0;
    for (size_t i = 0; file->attributes == 1 && i < sizeof spaces / sizeof *spaces; i++) {
        const char *whole = arena_printf(arena, "%s%s", spaces[i], name);
        ssize_t n = whole != NULL ? fgetxattr(file->fd, whole, NULL, 0) : -1;
        uint8_t *p = n > 0 ? arena_alloc(arena, (size_t)n) : NULL;
        if (p != NULL && fgetxattr(file->fd, whole, p, (size_t)n) == n) {
            *out = bytes_make(p, (size_t)n);
            return true;
        }
    }
    return false;
}

void fd_source_init(struct fd_source *file, const char *name, int fd, uint64_t size) {
    file->source = (struct source){.name = name, .size = size, .pread = fd_pread, .attribute = fd_attribute};
    file->fd = fd;
    file->attributes = -1;
    for (size_t i = 0; i < FD_WINDOWS; i++) {
        file->windows[i].n = 0;
    }
}
