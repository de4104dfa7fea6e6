/* SPDX-License-Identifier: Apache-2.0 */
/* Where bytes come from: a file, a member of an archive, a piece of memory. Kinds of source live in source/. */
#ifndef CERTBAN_BASE_SOURCE_H
#define CERTBAN_BASE_SOURCE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

struct source {
    const char *name; /* for people: "setup.zip!/bin/a.exe"; bytes as the file system gave them */
    uint64_t size;    /* fixed when it was opened */

    /* Copies exactly n bytes from at into buf. False with ERR_CHANGED when the source became shorter, ERR_IO when it can't
     * be read. The caller keeps at + n <= size. */
    bool (*pread)(struct source *source, void *buf, size_t n, uint64_t at, struct error *err);

    /* Reads the extended attribute of a file, or its copy under "user." as other systems keep it. False when there is none, or no memory.
     */
    bool (*attribute)(struct source *source, const char *name, struct arena *arena, struct bytes *out); /* NULL: it can have none */

    bool sequential; /* unpacked from its beginning on: a read near the end costs all the bytes before it */

    uint64_t bytes_read; /* counted by source_read and its like, for the summary */
};

/* source_read fills *out with n bytes from at, copied into the arena. A range that passes the end is ERR_MALFORMED. */
CERTBAN_MUST_USE bool source_read(struct source *source, struct arena *arena, uint64_t at, uint64_t n, struct bytes *out,
                                  struct error *err);

/* source_read_some is source_read clipped to the source's end: *out is shorter, perhaps empty. */
CERTBAN_MUST_USE bool source_read_some(struct source *source, struct arena *arena, uint64_t at, uint64_t n, struct bytes *out,
                                       struct error *err);

/* source_into is source_read into the caller's buffer of n bytes. */
CERTBAN_MUST_USE bool source_into(struct source *source, void *buf, size_t n, uint64_t at, struct error *err);

/* A source over memory that somebody else keeps alive. Not NULL-safe: name must be set. */
struct memory_source {
    struct source source;
    struct bytes data;
};
void memory_source_init(struct memory_source *memory, const char *name, struct bytes data);

/* A source that is a window of another one: a fat slice, a stored ZIP member. */
struct window_source {
    struct source source;
    struct source *under;
    uint64_t at; /* where the window begins in under */
};
/* window_source_init clips the window to under's size. */
void window_source_init(struct window_source *window, const char *name, struct source *under, uint64_t at, uint64_t n);

/* What small reads of a file are served from: parsers ask for some bytes here and some there, mostly close together. */
enum { FD_WINDOW = 4096, FD_WINDOWS = 6 };

/* A source over an open descriptor, read with pread; the descriptor stays the caller's. */
struct fd_source {
    struct source source;
    int fd;
    int attributes; /* whether the file has any: 1, 0, or -1 as long as nobody asked */
    struct {
        uint64_t at;
        size_t n;
        uint8_t bytes[FD_WINDOW];
    } windows[FD_WINDOWS]; /* the file's first bytes, and the newest others */
    size_t newest;
};
void fd_source_init(struct fd_source *file, const char *name, int fd, uint64_t size);

#endif
