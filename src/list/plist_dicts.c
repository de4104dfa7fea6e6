/* SPDX-License-Identifier: Apache-2.0 */
#include "list/plist_dicts.h"

#include "base/text.h"
#include "list/sax.h"

enum { TEXT_MAX = 64 << 10, MEMBERS_MAX = 1000 };

/* An element that is open. */
struct level {
    char key[64];   /* under which it stands; cut */
    json_t *object; /* of a dict in an array */
    size_t line;
    bool is_array, is_dict;
};

struct reading {
    struct sax sax; /* first: it is what the functions are given */
    struct plist_listener *listener;
    struct level levels[SAX_DEPTH_MAX + 1]; /* by depth; [0] is the document */
    struct text text;                       /* of the element that is open */
    struct text key;                        /* the last one */
};

static void begin(struct sax *sax, const char *name, const char *space) {
    struct reading *r = (struct reading *)(void *)sax;
    struct level *level = &r->levels[sax->depth], *parent = &r->levels[sax->depth - 1];
    if (sax->depth == 1 && (strcmp(name, "plist") != 0 || space[0] != '\0')) {
        sax_refuse(sax, ERR_MALFORMED, "is no property list");
        return;
    }
    *level = (struct level){.line = sax_line(sax), .is_array = strcmp(name, "array") == 0, .is_dict = strcmp(name, "dict") == 0};
    if (parent->is_dict) {
        snprintf(level->key, sizeof level->key, "%s", text_c(&r->key));
    }
    if (level->is_dict && parent->is_array) {
        level->object = json_object();
        if (level->object == NULL) {
            sax_full(sax);
        }
    }
    text_clear(&r->text);
}

static void characters(struct sax *sax, struct bytes text) {
    struct reading *r = (struct reading *)(void *)sax;
    if (r->text.n + text.n > TEXT_MAX) {
        sax_refuse(sax, ERR_LIMIT, "a value has more than 65,536 bytes");
        return;
    }
    text_add_bytes(&r->text, text);
}

/* A member with text. A key that stands twice makes the dict ambiguous. */
static void put(struct reading *r, json_t *object) {
    if (json_object_get(object, text_c(&r->key)) != NULL) {
        sax_refuse(&r->sax, ERR_MALFORMED, "a key stands twice in a dict");
    } else if (json_object_size(object) >= MEMBERS_MAX) {
        sax_refuse(&r->sax, ERR_LIMIT, "a dict has more than 1000 keys");
    } else if (json_object_set_new(object, text_c(&r->key), json_string(text_c(&r->text))) != 0) {
        sax_full(&r->sax);
    }
}

static void end(struct sax *sax, const char *name) {
    struct reading *r = (struct reading *)(void *)sax;
    struct level *level = &r->levels[sax->depth], *parent = &r->levels[sax->depth - 1];
    if (level->object != NULL) {
        if (!r->listener->dict(r->listener, parent->key, level->object, level->line)) {
            sax_full(sax);
        }
        json_decref(level->object);
        level->object = NULL;
    } else if (strcmp(name, "key") == 0) {
        text_clear(&r->key);
        text_add(&r->key, text_c(&r->text));
    } else if (parent->object != NULL && (strcmp(name, "string") == 0 || strcmp(name, "integer") == 0)) {
        put(r, parent->object);
    }
    text_clear(&r->text);
    if (!text_ok(&r->text) || !text_ok(&r->key)) {
        sax_full(sax);
    }
}

bool plist_dicts(struct bytes xml, struct plist_listener *listener, struct error *err) {
    struct reading r = {.sax = {.begin = begin, .end = end, .text = characters, .doctype = true}, .listener = listener};
    bool ok = sax_parse(&r.sax, xml, err);
    for (size_t i = 0; i <= SAX_DEPTH_MAX; i++) {
        json_decref(r.levels[i].object);
    }
    text_free(&r.text);
    text_free(&r.key);
    return ok;
}
