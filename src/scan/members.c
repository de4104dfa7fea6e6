/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/members.h"

#include "source/container.h"

enum { MEMBERS_MAX = 1000, HEAD_SIZE = 4096 };
static const size_t unpacked_max = (size_t)512 << 20;

/* Archives that lists come in. */
static const char *const names[] = {"cab", "zip"};

static const struct container *find(struct bytes content) {
    struct probe probe = {.head = bytes_cut(content, 0, HEAD_SIZE),
                          .tail = bytes_cut(content, content.n > HEAD_SIZE ? content.n - HEAD_SIZE : 0, HEAD_SIZE),
                          .size = content.n};
    for (const struct container *const *c = containers; *c != NULL; c++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strcmp((*c)->name, names[i]) == 0 && (*c)->probe(&probe)) {
                return *c;
            }
        }
    }
    return NULL;
}

/* A program can be a ZIP archive, too, by what is behind it: lists are archives from their beginning on. */
bool members_packed(struct bytes content) {
    bool begins = bytes_starts(content, bytes_text("MSCF")) || bytes_starts(content, bytes_text("PK\x03\x04"));
    return begins && find(content) != NULL;
}

struct visit {
    struct visitor visitor; /* first: it is what the function is given */
    struct member_reader *reader;
    struct budget *budget;
};

static bool visit_member(struct visitor *visitor, const struct member *member, struct error *err) {
    struct visit *visit = (struct visit *)(void *)visitor;
    struct arena arena = arena_make(unpacked_max);
    struct bytes content;
    if (visit->budget->members_left == 0) {
        return error_set(err, ERR_LIMIT, "holds more than %d members", MEMBERS_MAX);
    }
    visit->budget->members_left--;
    if (member->source == NULL) {
        *err = *member->problem;
        return error_within(err, "%.100s", member->path);
    }
    bool ok = source_read(member->source, &arena, 0, member->source->size, &content, err) || error_within(err, "%.100s", member->path);
    ok = ok && visit->reader->read(visit->reader, member->path, content, err);
    arena_free(&arena);
    return ok;
}

bool members_read(struct bytes content, const char *name, struct member_reader *reader, struct error *err) {
    const struct container *container = find(content);
    struct arena arena = arena_make(ARENA_FILE_CAP);
    struct budget budget = {.depth_left = 1, .members_left = MEMBERS_MAX, .bytes_left = unpacked_max};
    struct visit visit = {.visitor = {.visit = visit_member}, .reader = reader, .budget = &budget};
    struct anomalies anomalies = {0};
    struct memory_source source;
    if (container == NULL) {
        return error_set(err, ERR_UNSUPPORTED, "is no archive that can be taken apart");
    }
    memory_source_init(&source, name, content);
    bool ok = container->walk(&source.source, &arena, &budget, &visit.visitor, &anomalies, err);
    arena_free(&arena);
    return ok;
}
