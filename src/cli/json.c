/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

#include <stdlib.h>

#include "base/text.h"
#include "cli/ui.h"

json_t *json_lossy(struct bytes b) {
    if (utf8_valid(b)) {
        return json_stringn((const char *)b.p, b.n);
    }
    struct text t = {0};
    while (b.n != 0) {
        size_t n;
        if (utf8_next(b, &n) == UINT32_MAX) {
            text_add(&t, "\xef\xbf\xbd");
        } else {
            text_add_bytes(&t, bytes_cut(b, 0, n));
        }
        b = bytes_cut(b, n, b.n);
    }
    json_t *string = text_ok(&t) ? json_stringn(text_c(&t), t.n) : NULL;
    text_free(&t);
    return string;
}

/* A key that could not be set is remembered in the object itself, so that nobody has to ask after each one. */
static const char lost_key[] = "\x01lost";

void json_put(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) != 0) {
        json_object_set_new(object, lost_key, json_true());
    }
}

void json_put_text(json_t *object, const char *key, const char *text) {
    if (text != NULL && text[0] != '\0') {
        json_put(object, key, json_lossy(bytes_text(text)));
    }
}

void json_put_bytes(json_t *object, const char *key, struct bytes b) {
    if (b.n != 0) {
        json_put(object, key, json_lossy(b));
    }
}

void json_put_hex(json_t *object, const char *key, struct bytes b) {
    struct text t = {0};
    text_add_hex(&t, b);
    json_put_text(object, key, text_c(&t));
    text_free(&t);
}

void json_put_time(json_t *object, const char *key, int64_t seconds) {
    char time[UI_TIME_SIZE];
    ui_time(seconds, time);
    json_put_text(object, key, time);
}

void json_put_number(json_t *object, const char *key, uint64_t number) {
    /* readers of JSON keep 53 bits */
    json_put(object, key, json_integer(number < (UINT64_C(1) << 53) ? (json_int_t)number : (json_int_t)1 << 53));
}

static void add_base64(struct text *t, struct bytes b) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b.n; i += 3) {
        uint32_t v = (uint32_t)b.p[i] << 16;
        v |= i + 1 < b.n ? (uint32_t)b.p[i + 1] << 8 : 0;
        v |= i + 2 < b.n ? b.p[i + 2] : 0;
        text_add_char(t, digits[v >> 18]);
        text_add_char(t, digits[v >> 12 & 63]);
        text_add_char(t, i + 1 < b.n ? digits[v >> 6 & 63] : '=');
        text_add_char(t, i + 2 < b.n ? digits[v & 63] : '=');
    }
}

static json_t *base64(struct bytes b) {
    struct text t = {0};
    add_base64(&t, b);
    json_t *string = text_ok(&t) ? json_stringn(text_c(&t), t.n) : NULL;
    text_free(&t);
    return string;
}

/* As text, and where that loses something, as it is. */
static void put_name(json_t *object, const char *key, const char *bytes_key, struct bytes name) {
    json_put(object, key, json_lossy(name));
    if (!utf8_valid(name)) {
        json_put(object, bytes_key, base64(name));
    }
}

void json_put_path(json_t *object, struct bytes path) {
    put_name(object, "path", "path_bytes", path);
}

void json_put_parent(json_t *object, struct bytes path) {
    put_name(object, "parent", "parent_bytes", path);
}

/* A list that lacks one of them for want of memory is none. */
static json_t *list_of(const struct bytes *names, size_t n, json_t *(*make)(struct bytes name)) {
    json_t *list = json_array();
    for (size_t i = 0; i < n && list != NULL; i++) {
        if (json_array_append_new(list, make(names[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

void json_put_names(json_t *object, const char *key, const struct bytes *names, size_t n) {
    char bytes_key[64];
    bool lossy = false;
    for (size_t i = 0; i < n; i++) {
        lossy = lossy || !utf8_valid(names[i]);
    }
    json_put(object, key, list_of(names, n, json_lossy));
    if (lossy) {
        snprintf(bytes_key, sizeof bytes_key, "%s_bytes", key);
        json_put(object, bytes_key, list_of(names, n, base64));
    }
}

json_t *json_error(struct bytes path, const struct error *err) {
    json_t *object = json_object();
    json_put_text(object, "type", "error");
    if (path.n != 0) {
        json_put_path(object, path);
    }
    json_put_text(object, "kind", error_kind_name(err->kind));
    if (limit_name(err) != NULL) {
        json_put_text(object, "limit", limit_name(err));
    }
    json_put_text(object, "message", err->text);
    return object;
}

bool json_print(json_t *object, FILE *stream) {
    bool lost = object == NULL || json_object_get(object, lost_key) != NULL;
    char *line = lost ? NULL : json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (line == NULL) {
        return false;
    }
    struct text safe = {0};
    text_add_json(&safe, line);
    free(line);
    bool ok = text_ok(&safe);
    fprintf(stream, "%s\n", ok ? text_c(&safe) : "");
    text_free(&safe);
    return ok;
}
