/* SPDX-License-Identifier: Apache-2.0 */
#include "format/seal.h"

#include <stdlib.h>

#include "base/hash.h"
#include "format/pattern.h"
#include "source/plist.h"

static bool is_true(const struct plist *dict, const char *key) {
    const struct plist *p = plist_get(dict, key);
    return p != NULL && p->type == PLIST_BOOLEAN && p->number != 0;
}

/* Weights are small numbers, whole ones or not. */
static double weight_of(const struct plist *dict) {
    const struct plist *p = plist_get(dict, "weight");
    if (p == NULL || p->type != PLIST_NUMBER) {
        return 1;
    }
    char text[32] = "";
    memcpy(text, p->bytes.p, p->bytes.n < sizeof text ? p->bytes.n : 0);
    return text[0] != '\0' ? strtod(text, NULL) : (double)p->number;
}

static size_t count(const struct plist *list) {
    size_t n = 0;
    for (const struct plist *p = list != NULL ? list->first : NULL; p != NULL; p = p->next) {
        n++;
    }
    return n;
}

/* A rule is a truth value, or a dictionary that says more; its key the expression. */
static bool rules_read(const struct plist *list, struct arena *arena, struct seal *out, struct error *err) {
    size_t n = count(list);
    if (n > limit_most(arena->limits, LIMIT_SEAL_RULES)) {
        return limit_reached(arena->limits, LIMIT_SEAL_RULES, err);
    }
    out->rules = arena_array(arena, n, sizeof *out->rules);
    if (out->rules == NULL) {
        return arena_full(arena, err);
    }
    for (const struct plist *p = n != 0 ? list->first : NULL; p != NULL; p = p->next) {
        struct seal_rule *rule = &out->rules[out->n_rules];
        bool is_dict = p->type == PLIST_DICT;
        if (p->key == NULL || (!is_dict && p->type != PLIST_BOOLEAN)) {
            continue;
        }
        *rule = (struct seal_rule){.weight = is_dict ? weight_of(p) : 1,
                                   .omit = is_dict ? is_true(p, "omit") : p->number == 0,
                                   .optional = is_dict && is_true(p, "optional"),
                                   .nested = is_dict && is_true(p, "nested")};
        if (!pattern_make(p->key->bytes, arena, &rule->pattern, err)) {
            return false;
        }
        out->n_rules++;
    }
    return true;
}

static struct bytes data_of(const struct plist *dict, const char *key, size_t n) {
    const struct plist *p = plist_get(dict, key);
    return p != NULL && p->type == PLIST_DATA && p->bytes.n == n ? p->bytes : bytes_none();
}

/* An entry is a SHA-1, or a dictionary that says more; its key the path. */
static bool entry_read(const struct plist *p, struct seal_entry *entry) {
    *entry = (struct seal_entry){.sha1 = bytes_none(), .sha256 = bytes_none(), .cdhash = bytes_none()};
    if (p->key == NULL || p->key->type != PLIST_STRING || memchr(p->key->bytes.p, 0, p->key->bytes.n) != NULL) {
        return false;
    }
    entry->path = (const char *)p->key->bytes.p;
    if (p->type == PLIST_DATA) {
        entry->sha1 = p->bytes;
        return p->bytes.n == hash_size(HASH_SHA1);
    }
    entry->sha1 = data_of(p, "hash", hash_size(HASH_SHA1));
    entry->sha256 = data_of(p, "hash2", hash_size(HASH_SHA256));
    entry->cdhash = data_of(p, "cdhash", hash_size(HASH_SHA1));
    entry->optional = is_true(p, "optional");
    entry->link = plist_string(p, "symlink");
    entry->requirement = plist_string(p, "requirement");
    return entry->sha1.n + entry->sha256.n + entry->cdhash.n != 0 || entry->link != NULL || entry->requirement != NULL;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct seal_entry *)a)->path, ((const struct seal_entry *)b)->path);
}

static bool entries_read(const struct plist *list, struct arena *arena, struct seal *out, struct error *err) {
    size_t n = count(list);
    out->entries = arena_array(arena, n, sizeof *out->entries);
    if (out->entries == NULL) {
        return arena_full(arena, err);
    }
    for (const struct plist *p = n != 0 ? list->first : NULL; p != NULL; p = p->next) {
        if (!entry_read(p, &out->entries[out->n_entries])) {
            return error_set(err, ERR_MALFORMED, "the seal has an entry that says nothing");
        }
        out->n_entries++;
    }
    if (out->n_entries != 0) {
        qsort(out->entries, out->n_entries, sizeof *out->entries, by_path);
    }
    return true;
}

bool seal_read(struct bytes b, struct arena *arena, struct seal *out, struct error *err) {
    const struct plist *top;
    struct seal seal = {0};
    if (!plist_parse(b, arena, &top, err)) {
        return false;
    }
    const struct plist *files = plist_get(top, "files2"), *rules = plist_get(top, "rules2");
    seal.old = files == NULL;
    files = seal.old ? plist_get(top, "files") : files;
    rules = seal.old ? plist_get(top, "rules") : rules;
    if (files == NULL || files->type != PLIST_DICT || (rules != NULL && rules->type != PLIST_DICT)) {
        return error_set(err, ERR_MALFORMED, "no seal: a property list without files");
    }
    if (!rules_read(rules, arena, &seal, err) || !entries_read(files, arena, &seal, err)) {
        return false;
    }
    *out = seal;
    return true;
}

const struct seal_rule *seal_rule_for(const struct seal *seal, const char *path) {
    const struct seal_rule *heaviest = NULL;
    for (size_t i = 0; i < seal->n_rules; i++) {
        const struct seal_rule *rule = &seal->rules[i];
        if ((heaviest == NULL || rule->weight > heaviest->weight) && pattern_fits(rule->pattern, bytes_text(path))) {
            heaviest = rule;
        }
    }
    return heaviest;
}

const struct seal_entry *seal_find(const struct seal *seal, const char *path) {
    const struct seal_entry wanted = {.path = path};
    return seal->n_entries != 0 ? bsearch(&wanted, seal->entries, seal->n_entries, sizeof wanted, by_path) : NULL;
}
