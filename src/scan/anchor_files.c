/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/anchor_files.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "crypto/trust.h"

enum { ANCHOR_FILE_MAX = 4 << 20 };

static bool read_anchor(const char *path, struct bytes *out, struct error *err) {
    struct handle file = FS_NONE;
    struct fs_identity identity;
    if (!fs_open(path, &file, &identity, err)) {
        return error_within(err, "anchors %s", path);
    }
    size_t n = (size_t)identity.size;
    uint8_t *text = identity.kind == FS_REGULAR && identity.size <= ANCHOR_FILE_MAX ? malloc(n + 1) : NULL;
    bool ok = text != NULL || error_set(err, ERR_LIMIT, "anchors %s: not a file of at most %d bytes", path, ANCHOR_FILE_MAX);
    for (size_t got = 0; ok && got < n;) {
        ssize_t m = pread((int)file.os, text + got, n - got, (off_t)got);
        ok = m > 0 || error_sys(err, m < 0 ? errno : EIO, "can't read anchors %s", path);
        got += m > 0 ? (size_t)m : 0;
    }
    fs_close(&file);
    if (!ok) {
        free(text);
        return false;
    }
    *out = bytes_make(text, n);
    return true;
}

/* A file without certificates is a mistake, of which the readers could not tell. */
static bool is_anchor(const char *path, struct bytes pem, struct error *err) {
    struct anchors *anchors = anchors_new();
    bool ok = anchors != NULL ? anchors_add_pem(anchors, pem, err) : error_set(err, ERR_LIMIT, "no memory");
    anchors_free(anchors);
    return ok || error_within(err, "anchors %s", path);
}

void anchor_files_free(struct examiner *examiner) {
    for (size_t i = 0; i < examiner->n_anchor_pems; i++) {
        void *text;
        memcpy(&text, &examiner->anchor_pems[i].p, sizeof text); /* ours, though the type says somebody else's */
        free(text);
    }
    free(examiner->anchor_pems);
}

bool anchor_files_read(struct examiner *examiner, struct error *err) {
    examiner->anchor_pems = calloc(examiner->n_anchor_files + 1, sizeof *examiner->anchor_pems);
    if (examiner->anchor_pems == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the anchors");
    }
    for (size_t i = 0; i < examiner->n_anchor_files; i++) {
        if (!read_anchor(examiner->anchor_files[i], &examiner->anchor_pems[i], err)) {
            return false;
        }
        examiner->n_anchor_pems = i + 1;
        if (!is_anchor(examiner->anchor_files[i], examiner->anchor_pems[i], err)) {
            return false;
        }
    }
    return true;
}
