/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/bundle.h"

#include <stdlib.h>

#include "scan/wire.h"

enum { HEAD_KEPT = 16 };

/* Names of folders that Apple's tools sign as bundles. */
static const char *const extensions[] = {"app",         "framework",  "bundle",          "kext", "appex", "xpc",       "plugin", "prefPane",
                                         "qlgenerator", "mdimporter", "systemextension", "dext", "saver", "component", "driver", "service",
                                         "wdgt",        "xctest"};

bool bundle_named(struct bytes name) {
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        size_t n = strlen(extensions[i]);
        if (name.n > n + 1 && name.p[name.n - n - 1] == '.' && memcmp(name.p + name.n - n, extensions[i], n) == 0) {
            return true;
        }
    }
    return false;
}

bool bundle_inside(const char *path) {
    for (const char *slash = strchr(path, '/'), *begin = path; slash != NULL; begin = slash + 1, slash = strchr(begin, '/')) {
        if (bundle_named(bytes_make(begin, (size_t)(slash - begin)))) {
            return true;
        }
    }
    return false;
}

static bool ends(const char *path, const char *end) {
    size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0 && (n == m || path[n - m - 1] == '/');
}

static bool copy_text(struct bundles *b, const char *text, const char **out, struct error *err) {
    *out = arena_printf(b->arena, "%s", text != NULL ? text : "");
    return *out != NULL || arena_full(b->arena, err);
}

static bool copy_directories(struct bundles *b, const struct signature *s, struct bundle_code *code, struct error *err) {
    struct code_directory *all = arena_array(b->arena, code->n_directories + s->n_directories, sizeof *all);
    if (all == NULL) {
        return arena_full(b->arena, err);
    }
    if (code->n_directories != 0) {
        memcpy(all, code->directories, code->n_directories * sizeof *all);
    }
    code->directories = all;
    for (size_t i = 0; i < s->n_directories; i++) {
        struct code_directory *to = &all[code->n_directories++];
        *to = (struct code_directory){.slot = s->directories[i].slot, .flags = s->directories[i].flags, .hash = s->directories[i].hash};
        if (!arena_copy(b->arena, s->directories[i].blob, &to->blob, err)) {
            return false;
        }
    }
    return true;
}

/* The CodeDirectories of every slice, and the verdict, for the bundle whose main executable it may be. */
static bool copy_code(struct bundles *b, const struct exam *exam, const struct verdict *verdict, struct bundle_file *file,
                      struct error *err) {
    const struct contents *contents = &exam->contents;
    struct bundle_code *code = arena_alloc(b->arena, sizeof *code);
    struct text message = {0};
    if (code == NULL) {
        return arena_full(b->arena, err);
    }
    *code = (struct bundle_code){.verdict = bytes_none(), .identifier = "", .team_id = "", .is_signed = contents->n_signatures != 0};
    wire_encode(verdict, &message);
    bool ok = text_ok(&message) || arena_full(b->arena, err);
    ok = ok && arena_copy(b->arena, bytes_make(message.p, message.n), &code->verdict, err);
    text_free(&message);
    for (size_t i = 0; ok && i < contents->n_signatures; i++) {
        const struct signature *s = &contents->signatures[i];
        bool again = i > 0 && s->directories == contents->signatures[i - 1].directories; /* another signer of the same */
        ok = again || (copy_directories(b, s, code, err) && copy_text(b, s->identifier, &code->identifier, err) &&
                       copy_text(b, s->team_id, &code->team_id, err));
    }
    file->code = code;
    return ok;
}

static bool hash(struct exam *exam, struct bundle_file *file, struct error *err) {
    struct file_digest digests[] = {{.hash = HASH_SHA256}, {.hash = HASH_SHA1}};
    if (!digest_claims(exam->source, NULL, 0, NULL, NULL, digests, sizeof digests / sizeof digests[0], err)) {
        return false;
    }
    memcpy(file->sha256, digests[0].value, sizeof file->sha256);
    memcpy(file->sha1, digests[1].value, sizeof file->sha1);
    file->has_digests = true;
    return true;
}

static struct bundle_file *file_new(struct bundles *b, struct error *err) {
    if (b->n == limit_most(b->arena->limits, LIMIT_BUNDLE_FILES)) {
        limit_reached(b->arena->limits, LIMIT_BUNDLE_FILES, err);
        return NULL;
    }
    if (b->n == b->room) {
        size_t room = b->room != 0 ? 2 * b->room : 64;
        struct bundle_file *all = arena_array(b->arena, room, sizeof *all);
        if (all == NULL) {
            arena_full(b->arena, err);
            return NULL;
        }
        if (b->n != 0) {
            memcpy(all, b->all, b->n * sizeof *all);
        }
        b->all = all;
        b->room = room;
    }
    return &b->all[b->n];
}

static bool keep(struct bundles *b, const char *path, struct exam *exam, const struct verdict *verdict, struct error *err) {
    struct bundle_file *file = file_new(b, err);
    if (file == NULL) {
        return false;
    }
    bool is_list = ends(path, "Info.plist") || ends(path, "_CodeSignature/CodeResources"),
         apart = exam->format != NULL && strcmp(exam->format->name, "codesign") == 0,
         is_code = apart || (exam->format != NULL && strcmp(exam->format->name, "macho") == 0);
    *file = (struct bundle_file){.size = exam->source->size, .finding = verdict->finding, .content = bytes_none()};
    if (!copy_text(b, path, &file->path, err) ||
        !source_read_some(exam->source, b->arena, 0, is_list ? limit_most(b->arena->limits, LIMIT_PLIST_SIZE) + 1 : HEAD_KEPT,
                          &file->content, err) ||
        (b->hash && !hash(exam, file, err)) || (is_code && !copy_code(b, exam, verdict, file, err))) {
        return false;
    }
    b->n++;
    return true;
}

static bool keep_link(struct bundles *b, const char *path, struct bytes target, struct error *err) {
    struct bundle_file *file = file_new(b, err);
    if (file == NULL) {
        return false;
    }
    *file = (struct bundle_file){.is_link = true, .size = target.n, .has_digests = true, .content = bytes_none()};
    if (!copy_text(b, path, &file->path, err) || !digest_bytes(HASH_SHA256, target, file->sha256, err) ||
        !digest_bytes(HASH_SHA1, target, file->sha1, err)) {
        return false;
    }
    b->n++;
    return true;
}

void bundles_link(struct bundles *b, const char *path, struct bytes target) {
    struct error err = {0};
    if (b->lost.kind == ERR_NONE && !keep_link(b, path, target, &err)) {
        b->lost = err;
    }
}

void bundles_note(struct bundles *b, const char *path, struct exam *exam, const struct verdict *verdict) {
    struct error err = {0};
    if (b->lost.kind == ERR_NONE && bundle_inside(path) && !keep(b, path, exam, verdict, &err)) {
        b->lost = err;
    }
}
