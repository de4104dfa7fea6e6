/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of an import as a policy, a block of them at a time. */
#include <stdlib.h>

#include "list/import_inside.h"
#include "list/policy_write.h"

/* Rules are written and read back so many at a time. */
enum { BLOCK_RULES = 1000 };
static const size_t block_memory_max = (size_t)256 << 20;

/* A policy that is being written. */
struct block {
    struct policy policy; /* what stands before its rules */
    struct rule rules[BLOCK_RULES];
    struct arena arena; /* their keys */
    struct text xml;
    size_t written;
};

/* The next rules, in the shape in which they are written. *next becomes the first one that was left. */
static bool gather(struct block *block, const struct import_rule **next, struct error *err) {
    arena_reset(&block->arena);
    block->policy.n_rules = 0;
    for (; *next != NULL && block->policy.n_rules < BLOCK_RULES; *next = (*next)->next) {
        struct rule *out = &block->rules[block->policy.n_rules++];
        *out = (struct rule){.id = (*next)->id,
                             .action = (*next)->action,
                             .severity = (*next)->severity,
                             .confidence = (*next)->confidence,
                             .weak_accepted = (*next)->weak_accepted,
                             .expires = (*next)->expires,
                             .reason = (*next)->reason,
                             .reference = (*next)->reference,
                             .n_keys = (*next)->n_keys,
                             .only = *(*next)->only,
                             .cert = (*next)->cert};
        out->keys = arena_array(&block->arena, out->n_keys, sizeof *out->keys);
        if (out->keys == NULL) {
            return arena_full(&block->arena, err);
        }
        size_t n = 0;
        for (const struct import_key *key = (*next)->first; key != NULL; key = key->next) {
            out->keys[n++] = import_key_whole(key);
        }
    }
    return true;
}

/* Hands on a stretch of the block's XML. */
static bool put(struct block *block, size_t from, size_t to, struct import_writer *writer, struct error *err) {
    block->written += to - from;
    if (block->written > POLICY_SIZE_MAX) {
        return error_set(err, ERR_LIMIT, "the policy would have more than %zu bytes: import the list in parts", POLICY_SIZE_MAX);
    }
    return to == from || writer->write(writer, bytes_make(block->xml.p + from, to - from), err);
}

/* Writes the block's rules, as a policy of their own, which must read back; what stands around them comes with the first and the last. */
static bool write_block(struct block *block, bool first, bool last, struct import_writer *writer, struct error *err) {
    struct policy *again;
    text_clear(&block->xml);
    if (!policy_write_begin(&block->policy, NULL, 0, &block->xml, err)) {
        return false;
    }
    size_t begin = block->xml.n;
    if (!policy_write_rules(block->rules, block->policy.n_rules, &block->xml, err)) {
        return false;
    }
    size_t end = block->xml.n;
    if (!policy_write_end(&block->xml, err) || !policy_parse(bytes_make(block->xml.p, block->xml.n), "the policy made", &again, err)) {
        return false;
    }
    policy_free(again);
    return put(block, first ? 0 : begin, last ? block->xml.n : end, writer, err);
}

bool import_write(struct import *import, const struct import_head *head, struct import_writer *writer, struct error *err) {
    char id[IMPORT_ID_MAX];
    if (import->counts.rules == 0 && !import_failed(import)) {
        return error_set(err, ERR_MALFORMED, "no entry of the list makes a rule");
    }
    import_make_id(bytes_text(head->id), id);
    struct block *block = calloc(1, sizeof *block);
    const char *title = import_words(import, bytes_text(head->title));
    if (block == NULL || import_failed(import)) {
        free(block);
        return error_set(err, ERR_LIMIT, "the list needs too much memory");
    }
    block->arena = arena_make(block_memory_max);
    block->policy = (struct policy){
        .id = id[0] != '\0' ? id : "imported", .title = title, .version = head->version, .issued = head->issued, .rules = block->rules};
    const struct import_rule *next = import->first;
    bool ok = true;
    for (bool first = true; ok && next != NULL; first = false) {
        ok = gather(block, &next, err) && write_block(block, first, next == NULL, writer, err);
    }
    arena_free(&block->arena);
    text_free(&block->xml);
    free(block);
    return ok;
}

struct text_writer {
    struct import_writer writer; /* first: it is what the function is given */
    struct text *out;
};

static bool add_text(struct import_writer *writer, struct bytes xml, struct error *err) {
    struct text_writer *text = (struct text_writer *)(void *)writer;
    text_add_bytes(text->out, xml);
    return text_ok(text->out) || error_set(err, ERR_LIMIT, "no memory to write a policy");
}

bool import_finish(struct import *import, const struct import_head *head, struct text *out, struct error *err) {
    struct text_writer writer = {{add_text}, out};
    return import_write(import, head, &writer.writer, err);
}
