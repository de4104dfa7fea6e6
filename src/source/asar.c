/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of Electron programs (electron/asar, README "Format"): a pickle of 8 octets (u32 4, u32 size of the header), the header, a
 * pickle again (u32 size of what follows, u32 length, JSON, zeros to a multiple of 4), then the files one behind the other. The JSON is
 * {"files": {NAME: {"files": …} | {"offset": "123", "size": n} | {"link": …} | {"unpacked": true, "size": n}}}.
 *
 * Files that are marked as unpacked are no members: they lie beside the archive, in a folder of its name. Links lead to other members.
 * Not readable, and said so: a header that is no such JSON, or names a member twice (readers differ in which one they take).
 */
#include <jansson.h>
#include <stdio.h>

#include "base/reader.h"
#include "source/archive.h"
#include "source/stream.h"

enum {
    HEAD = 16,
    OBJECT_COST = 256, /* of memory, each object or array with its table */
    VALUE_COST = 64,   /* each value in one */
    PATH_ROOM = 4096,  /* of a longer path the beginning is shown */
};

struct walk {
    struct source *source;
    struct budget *budget;
    struct visitor *visitor;
    struct arena *arena;
    uint64_t base; /* where the files begin */
    char path[PATH_ROOM];
    uint64_t outside, unsafe;
    const char *first_outside, *first_unsafe;
};

/* The head of an archive: *json_n octets of JSON behind it, *base is where the files begin. */
static bool read_head(struct bytes head, uint32_t *json_n, uint64_t *base) {
    struct reader r = reader_make(bytes_cut(head, 0, HEAD), 0);
    uint32_t four = reader_u32le(&r), header = reader_u32le(&r), payload = reader_u32le(&r);
    *json_n = reader_u32le(&r);
    *base = UINT64_C(8) + header;
    return reader_ok(&r) && four == 4 && header >= 8 && payload == header - 4 && *json_n <= payload - 4 && payload - 4 - *json_n < 4;
}

bool asar_at_head(struct bytes head) {
    uint32_t json_n;
    uint64_t base;
    return read_head(head, &json_n, &base) && head.n > HEAD && head.p[HEAD] == '{';
}

static bool probe(const struct probe *probe) {
    return asar_at_head(probe->head);
}

static bool visit_problem(struct walk *w, const struct error *why, struct error *err) {
    const struct member member = {.path = w->path, .problem = why};
    return w->visitor->visit(w->visitor, &member, err);
}

/* Offsets are text, since they may pass what a number of JavaScript can hold. */
static bool read_offset(const json_t *value, uint64_t *out) {
    const char *text = json_string_value(value);
    uint64_t n = 0;
    size_t i = 0;
    for (; text != NULL && text[i] >= '0' && text[i] <= '9' && i < 18; i++) {
        n = 10 * n + (uint64_t)(text[i] - '0');
    }
    *out = n;
    return i != 0 && text[i] == '\0';
}

static bool visit_file(struct walk *w, const json_t *entry, struct error *err) {
    struct error why;
    const json_t *size_value = json_object_get(entry, "size");
    uint64_t at = 0, left = w->source->size > w->base ? w->source->size - w->base : 0;
    json_int_t size = json_integer_value(size_value);
    if (!json_is_integer(size_value) || size < 0 || (size != 0 && !read_offset(json_object_get(entry, "offset"), &at))) {
        error_set(&why, ERR_MALFORMED, "a member without an offset and a size");
        return visit_problem(w, &why, err);
    }
    if (size == 0) {
        return true;
    }
    if (at > left || (uint64_t)size > left - at) {
        error_set(&why, ERR_MALFORMED, "a member that is not in the archive: %lld bytes at %llu of %llu", (long long)size,
                  (unsigned long long)at, (unsigned long long)left);
        return visit_problem(w, &why, err);
    }
    return visit_window(w->visitor, w->source, w->base + at, (uint64_t)size, w->path, w->arena, err);
}

static void tally(struct walk *w, uint64_t *n, const char **first) {
    if ((*n)++ == 0) {
        *first = arena_printf(w->arena, "%s", w->path);
    }
}

static void note(struct walk *w, struct anomalies *anomalies, enum anomaly_name name, uint64_t n, const char *first) {
    if (n != 0 && first != NULL) {
        const char *detail = n == 1 ? first : arena_printf(w->arena, "%s and %llu more", first, (unsigned long long)n - 1);
        anomaly_note(anomalies, w->arena, name, 0, 0, detail);
    }
}

static bool leads_out(const char *name) {
    return strcmp(name, "..") == 0 || strchr(name, '/') != NULL || strchr(name, '\\') != NULL;
}

static bool walk_folder(struct walk *w, size_t path_n, json_t *files, unsigned depth, struct error *err);

/* The path of the folder is the first path_n octets of w->path. */
static bool visit_entry(struct walk *w, size_t path_n, const char *name, const json_t *entry, unsigned depth, struct error *err) {
    json_t *inner = json_object_get(entry, "files");
    int added = snprintf(w->path + path_n, PATH_ROOM - path_n, "%s%s", path_n != 0 ? "/" : "", name);
    size_t room = PATH_ROOM - path_n - 1, n = added < 0 ? 0 : (size_t)added < room ? (size_t)added : room;
    if (!budget_spend(w->budget, 0, err)) {
        return false;
    }
    if (leads_out(name)) {
        tally(w, &w->unsafe, &w->first_unsafe);
    }
    if (inner != NULL) {
        return walk_folder(w, path_n + n, inner, depth + 1, err);
    }
    if (json_is_true(json_object_get(entry, "unpacked"))) {
        tally(w, &w->outside, &w->first_outside);
        return true;
    }
    return json_object_get(entry, "link") != NULL || visit_file(w, entry, err);
}

static bool walk_folder(struct walk *w, size_t path_n, json_t *files, unsigned depth, struct error *err) {
    const char *name;
    json_t *entry;
    if (depth == limit_most(w->budget->limits, LIMIT_ASAR_DEPTH)) {
        return limit_reached(w->budget->limits, LIMIT_ASAR_DEPTH, err);
    }
    if (!json_is_object(files)) {
        return error_set(err, ERR_MALFORMED, "a folder that is no list of files");
    }
    json_object_foreach(files, name, entry) {
        if (!visit_entry(w, path_n, name, entry, depth, err)) {
            return false;
        }
    }
    return true;
}

/* A header that is small can still ask for much memory. */
static bool is_bomb(struct bytes json, const struct limits *limits) {
    uint64_t cost = 0;
    for (size_t i = 0; i < json.n; i++) {
        uint8_t c = json.p[i];
        cost += c == '{' || c == '[' ? OBJECT_COST : c == ',' ? VALUE_COST : 0;
    }
    return cost > limit_most(limits, LIMIT_ASAR_MEMORY);
}

static json_t *read_header(struct walk *w, struct error *err) {
    struct bytes head, json;
    json_error_t why;
    uint32_t n;
    if (!source_read_some(w->source, w->arena, 0, HEAD, &head, err)) {
        return NULL;
    }
    if (!read_head(head, &n, &w->base)) {
        (void)error_set(err, ERR_MALFORMED, "the sizes in the archive's header don't fit each other");
        return NULL;
    }
    if (n > limit_most(w->budget->limits, LIMIT_ASAR_SIZE)) {
        limit_reached(w->budget->limits, LIMIT_ASAR_SIZE, err);
        return NULL;
    }
    if (!source_read(w->source, w->arena, HEAD, n, &json, err)) {
        return NULL;
    }
    if (is_bomb(json, w->budget->limits)) {
        limit_reached(w->budget->limits, LIMIT_ASAR_MEMORY, err);
        return NULL;
    }
    json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        bool memory = json_error_code(&why) == json_error_out_of_memory;
        (void)error_set(err, memory ? ERR_LIMIT : ERR_MALFORMED, "header, line %d: %s", why.line, why.text);
    }
    return root;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct walk *w = arena_alloc(arena, sizeof *w);
    if (w == NULL) {
        return arena_full(arena, err);
    }
    w->source = source;
    w->budget = budget;
    w->visitor = visitor;
    w->arena = arena;
    json_t *root = read_header(w, err);
    if (root == NULL) {
        return error_within(err, "ASAR archive");
    }
    bool ok = walk_folder(w, 0, json_object_get(root, "files"), 0, err);
    json_decref(root);
    note(w, anomalies, ANOMALY_OUTSIDE_MEMBER, w->outside, w->first_outside);
    note(w, anomalies, ANOMALY_UNSAFE_NAME, w->unsafe, w->first_unsafe);
    return ok;
}

const struct container container_asar = {.name = "asar", .probe = probe, .walk = walk};
