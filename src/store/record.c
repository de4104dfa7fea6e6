/* SPDX-License-Identifier: Apache-2.0 */
/* record.json: one object, readable by people who must put a file back by hand. Bytes that are no UTF-8 stand beside in hex. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hex.h"
#include "store/inside.h"

enum { RECORD_MAX = 32 << 20, XATTRS_MAX = 16384, NAMES_MAX = 65536 };

static const char *const state_names[STATE_COUNT] = {
    "intent", "copied", "held", "stray", "restoring", "purging", "restored", "purged",
};

const char *item_state_name(enum item_state state) {
    return state < STATE_COUNT ? state_names[state] : "?";
}

void metadata_free(struct metadata *metadata) {
    for (size_t i = 0; i < metadata->n_xattrs; i++) {
        void *value;
        memcpy(&value, &metadata->xattrs[i].value.p, sizeof value);
        free(value);
        free(metadata->xattrs[i].name);
    }
    free(metadata->xattrs);
    *metadata = (struct metadata){0};
}

void record_free(struct record *record) {
    struct text *texts[] = {&record->path,  &record->private, &record->finding, &record->rule, &record->policy, &record->reason,
                            &record->group, &record->joins,   &record->users,   &record->lost, &record->to};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        text_free(texts[i]);
    }
    for (size_t i = 0; i < record->n_names; i++) {
        text_free(&record->names[i].path);
    }
    free(record->names);
    metadata_free(&record->metadata);
}

const char *record_name(const struct record *record) {
    const char *path = text_c(&record->path), *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- writing ---- */

static json_t *hex(struct bytes b) {
    struct text t = {0};
    text_add_hex(&t, b);
    json_t *value = json_string(text_c(&t));
    text_free(&t);
    return value;
}

static json_t *inode(struct inode_id id) {
    return json_pack("{s:I,s:I}", "inode", (json_int_t)id.number, "birth_ns", (json_int_t)id.birth_ns);
}

/* Text that may hold any bytes: lossy for people, hex for us where that is not the same. */
static void put_bytes(json_t *object, const char *key, const struct text *t) {
    struct bytes b = bytes_make(text_c(t), t->n);
    if (utf8_valid(b)) {
        json_object_set_new(object, key, json_stringn(text_c(t), t->n));
        return;
    }
    char name[40];
    struct text lossy = {0};
    text_add_safe(&lossy, b, 4096);
    json_object_set_new(object, key, json_string(text_c(&lossy)));
    snprintf(name, sizeof name, "%s_hex", key);
    json_object_set_new(object, name, hex(b));
    text_free(&lossy);
}

static json_t *metadata_json(const struct metadata *m) {
    json_t *xattrs = json_array();
    for (size_t i = 0; i < m->n_xattrs; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "name", json_string(m->xattrs[i].name));
        json_object_set_new(one, "value_hex", hex(m->xattrs[i].value));
        json_array_append_new(xattrs, one);
    }
    char mode[16];
    snprintf(mode, sizeof mode, "%04o", m->mode);
    json_t *o = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "mode", mode, "owner", (json_int_t)m->owner, "group", (json_int_t)m->group,
                          "atime_ns", (json_int_t)m->atime_ns, "mtime_ns", (json_int_t)m->mtime_ns, "flags", (json_int_t)m->flags,
                          "project", (json_int_t)m->project, "xattrs", xattrs);
    if (m->verity[0] != '\0') {
        json_object_set_new(o, "verity", json_string(m->verity));
    }
    return o;
}

static json_t *names_json(const struct record *record) {
    json_t *all = json_array();
    for (size_t i = 0; i < record->n_names; i++) {
        const struct name *name = &record->names[i];
        json_t *one = json_object();
        put_bytes(one, "path", &name->path);
        json_object_set_new(one, "folder", inode(name->folder));
        json_object_set_new(one, "folder_owner", json_integer((json_int_t)name->folder_owner));
        json_array_append_new(all, one);
    }
    return all;
}

/* What there is not for every file is left out where there is none. */
static void put_rare(json_t *o, const struct record *record) {
    json_t *users = record->users.n != 0 ? json_loadb(text_c(&record->users), record->users.n, 0, NULL) : NULL;
    if (users != NULL) {
        json_object_set_new(o, "users", users);
    }
    if (record->copied) {
        json_object_set_new(o, "copied", json_true());
        json_object_set_new(o, "birth_time", json_string("not restorable"));
    }
    if (record->plain_copy) {
        json_object_set_new(o, "plain_copy", json_true());
    }
    if (record->lost.n != 0) {
        put_bytes(o, "lost", &record->lost);
    }
    if (record->joins.n != 0) {
        put_bytes(o, "joins", &record->joins);
    }
    if (record->to.n != 0) {
        put_bytes(o, "to", &record->to);
    }
}

bool record_text(const struct record *record, struct text *out, struct error *err) {
    json_t *o = json_object();
    json_object_set_new(o, "id", json_string(record->id));
    json_object_set_new(o, "state", json_string(item_state_name(record->state)));
    put_bytes(o, "path", &record->path);
    json_object_set_new(o, "size", json_integer((json_int_t)record->size));
    json_object_set_new(o, "sha256", hex(bytes_make(record->sha256, sizeof record->sha256)));
    put_bytes(o, "finding", &record->finding);
    put_bytes(o, "rule", &record->rule);
    put_bytes(o, "policy", &record->policy);
    put_bytes(o, "reason", &record->reason);
    put_bytes(o, "group", &record->group);
    json_object_set_new(o, "taken_at", json_integer((json_int_t)record->taken_at));
    json_object_set_new(o, "by", json_integer((json_int_t)record->by));
    json_object_set_new(o, "writers", json_boolean(record->writers));
    json_object_set_new(o, "lifted", json_boolean(record->lifted));
    json_object_set_new(o, "links", json_integer((json_int_t)record->links));
    json_object_set_new(o, "elsewhere", json_integer((json_int_t)record->elsewhere));
    json_object_set_new(o, "names", names_json(record));
    put_rare(o, record);
    json_object_set_new(o, "folder", inode(record->folder));
    json_object_set_new(o, "folder_owner", json_integer((json_int_t)record->folder_owner));
    json_object_set_new(o, "file", inode(record->file));
    json_object_set_new(o, "placeholder", inode(record->placeholder));
    put_bytes(o, "private", &record->private);
    json_object_set_new(o, "metadata", metadata_json(&record->metadata));
    char *text = o != NULL ? json_dumps(o, JSON_INDENT(1)) : NULL;
    json_decref(o);
    if (text == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the record");
    }
    text_add(out, text);
    text_add(out, "\n");
    free(text);
    if (out->n > RECORD_MAX) { /* it could not be read again: nothing is done to the file */
        return error_set(err, ERR_LIMIT, "the file has too many attributes and names for a record");
    }
    return text_ok(out) || error_set(err, ERR_LIMIT, "no memory for the record");
}

static bool write_all(int fd, struct bytes b) {
    while (b.n != 0) {
        ssize_t n = write(fd, b.p, b.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        b = bytes_cut(b, (size_t)n, b.n);
    }
    return true;
}

bool record_write(const struct quarantine *store, int item, const struct record *record, struct error *err) {
    struct text text = {0};
    if (!record_text(record, &text, err)) {
        text_free(&text);
        return false;
    }
    int fd = openat(item, ITEM_RECORD ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, bytes_make(text.p, text.n)) && fsync(fd) == 0;
    ok = ok && renameat(item, ITEM_RECORD ".new", item, ITEM_RECORD) == 0 && fsync(item) == 0 && fsync(store->folder) == 0;
    int sys = errno;
    if (fd >= 0) {
        close(fd);
    }
    text_free(&text);
    return ok || error_sys(err, sys, "can't write the record of item %s", record->id);
}

/* ---- reading ---- */

static uint64_t number(const json_t *o, const char *key) {
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static bool unhex(const char *hex_text, struct text *out) {
    size_t n = strlen(hex_text) / 2;
    uint8_t *octets = malloc(n + 1);
    size_t got = 0;
    bool ok = octets != NULL && hex_decode(bytes_text(hex_text), octets, n, &got) && got == n;
    if (ok) {
        text_add_bytes(out, bytes_make(octets, n));
    }
    free(octets);
    return ok && text_ok(out);
}

static bool take_text(const json_t *o, const char *key, struct text *out) {
    char name[40];
    snprintf(name, sizeof name, "%s_hex", key);
    const char *in_hex = json_string_value(json_object_get(o, name));
    if (in_hex != NULL) {
        return unhex(in_hex, out);
    }
    const json_t *value = json_object_get(o, key);
    text_add_bytes(out, bytes_make(json_string_value(value), json_string_length(value)));
    return text_ok(out) && strlen(text_c(out)) == out->n;
}

static struct inode_id take_inode(const json_t *o, const char *key) {
    const json_t *value = json_object_get(o, key);
    return (struct inode_id){.number = number(value, "inode"), .birth_ns = json_integer_value(json_object_get(value, "birth_ns"))};
}

static bool take_metadata(const json_t *o, struct metadata *m) {
    const char *mode = json_string_value(json_object_get(o, "mode"));
    const json_t *xattrs = json_object_get(o, "xattrs");
    size_t n = json_array_size(xattrs);
    if (mode == NULL || n > XATTRS_MAX) {
        return false;
    }
    *m = (struct metadata){.mode = (uint32_t)strtoul(mode, NULL, 8) & 07777,
                           .owner = (uint32_t)number(o, "owner"),
                           .group = (uint32_t)number(o, "group"),
                           .atime_ns = json_integer_value(json_object_get(o, "atime_ns")),
                           .mtime_ns = json_integer_value(json_object_get(o, "mtime_ns")),
                           .flags = (uint32_t)number(o, "flags"),
                           .project = (uint32_t)number(o, "project"),
                           .xattrs = calloc(n + 1, sizeof *m->xattrs)};
    const char *verity = json_string_value(json_object_get(o, "verity"));
    snprintf(m->verity, sizeof m->verity, "%s", verity != NULL ? verity : "");
    for (size_t i = 0; m->xattrs != NULL && i < n; i++) {
        const json_t *one = json_array_get(xattrs, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *value = json_string_value(json_object_get(one, "value_hex"));
        struct text octets = {0};
        if (name == NULL || value == NULL || !unhex(value, &octets)) {
            text_free(&octets);
            return false;
        }
        m->xattrs[m->n_xattrs].name = strdup(name);
        m->xattrs[m->n_xattrs].value = octets.p != NULL ? bytes_make(octets.p, octets.n) : bytes_make(calloc(1, 1), 0);
        m->n_xattrs++;
        if (m->xattrs[m->n_xattrs - 1].name == NULL) {
            return false;
        }
    }
    return m->xattrs != NULL;
}

static bool take_names(const json_t *o, struct record *r) {
    const json_t *all = json_object_get(o, "names");
    size_t n = json_array_size(all);
    r->links = (uint32_t)number(o, json_is_integer(all) ? "names" : "links"); /* a number was all that earlier ones kept */
    r->elsewhere = json_is_integer(all) && r->links != 0 ? r->links - 1 : (uint32_t)number(o, "elsewhere");
    r->names = n <= NAMES_MAX ? calloc(n + 1, sizeof *r->names) : NULL;
    for (size_t i = 0; r->names != NULL && i < n; i++) {
        const json_t *one = json_array_get(all, i);
        struct name *name = &r->names[r->n_names++];
        *name = (struct name){.folder = take_inode(one, "folder"), .folder_owner = (uint32_t)number(one, "folder_owner")};
        if (!take_text(one, "path", &name->path) || text_c(&name->path)[0] != '/') {
            return false;
        }
    }
    return r->names != NULL;
}

static bool take_rare(const json_t *o, struct record *r) {
    char *users = json_dumps(json_object_get(o, "users"), JSON_COMPACT);
    text_add(&r->users, users != NULL ? users : "");
    free(users);
    r->copied = json_is_true(json_object_get(o, "copied"));
    r->plain_copy = json_is_true(json_object_get(o, "plain_copy"));
    return text_ok(&r->users) && take_text(o, "lost", &r->lost) && take_text(o, "joins", &r->joins) && take_text(o, "to", &r->to);
}

static bool take_all(const json_t *o, struct record *r) {
    const char *id = json_string_value(json_object_get(o, "id")), *state = json_string_value(json_object_get(o, "state"));
    const char *sha256 = json_string_value(json_object_get(o, "sha256"));
    size_t got = 0;
    if (id == NULL || strlen(id) >= sizeof r->id || state == NULL || sha256 == NULL ||
        !hex_decode(bytes_text(sha256), r->sha256, sizeof r->sha256, &got) || got != sizeof r->sha256) {
        return false;
    }
    memcpy(r->id, id, strlen(id) + 1);
    r->state = STATE_COUNT;
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        r->state = strcmp(state, state_names[i]) == 0 ? (enum item_state)i : r->state;
    }
    r->size = number(o, "size");
    r->taken_at = json_integer_value(json_object_get(o, "taken_at"));
    r->by = (uint32_t)number(o, "by");
    r->writers = json_is_true(json_object_get(o, "writers"));
    r->lifted = json_is_true(json_object_get(o, "lifted"));
    r->folder = take_inode(o, "folder");
    r->folder_owner = (uint32_t)number(o, "folder_owner");
    r->file = take_inode(o, "file");
    r->placeholder = take_inode(o, "placeholder");
    return r->state != STATE_COUNT && take_text(o, "path", &r->path) && take_text(o, "private", &r->private) &&
           take_text(o, "finding", &r->finding) && take_text(o, "rule", &r->rule) && take_text(o, "policy", &r->policy) &&
           take_text(o, "reason", &r->reason) && take_text(o, "group", &r->group) && take_names(o, r) && take_rare(o, r) &&
           take_metadata(json_object_get(o, "metadata"), &r->metadata) && text_c(&r->path)[0] == '/' && record_name(r)[0] != '\0' &&
           strchr(text_c(&r->private), '/') == NULL;
}

bool record_parse(struct bytes text, struct record *record, struct error *err) {
    struct record r = {0};
    json_t *o = json_loadb((const char *)text.p, text.n, 0, NULL);
    bool ok = json_is_object(o) && take_all(o, &r);
    json_decref(o);
    if (!ok) {
        record_free(&r);
        return error_set(err, ERR_MALFORMED, "the record is damaged");
    }
    *record = r;
    return true;
}

bool record_read(int item, struct record *record, struct error *err) {
    return record_read_as(item, ITEM_RECORD, record, err);
}

bool record_read_as(int folder, const char *name, struct record *record, struct error *err) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return error_sys(err, errno, "the item has no record");
    }
    struct text text = {0};
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0 && text.n <= RECORD_MAX) {
        text_add_bytes(&text, bytes_make(block, (size_t)n));
    }
    int sys = errno;
    close(fd);
    bool ok =
        n >= 0 ? text.n <= RECORD_MAX || error_set(err, ERR_LIMIT, "the record is too long") : error_sys(err, sys, "can't read the record");
    ok = ok && record_parse(bytes_make(text_c(&text), text.n), record, err);
    text_free(&text);
    return ok;
}
