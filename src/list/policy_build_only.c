/* SPDX-License-Identifier: Apache-2.0 */
/* Makes conditions of what stands in an <only>. The rest of a rule: policy_build.c. */
#include "base/hash.h"
#include "list/policy_reader.h"
#include "list/policy_value.h"

static struct bytes text_of(const struct policy_reader *r) {
    return bytes_make(r->text.p, r->text.n);
}

static bool has_any(const struct conditions *only) {
    return only->has_after || only->has_before || only->has_min || only->has_max || only->platform != NULL || only->product != NULL ||
           only->original_name != NULL || only->company != NULL || only->path != NULL || only->internal_name != NULL ||
           only->description != NULL || only->issued_under.n + only->eku.n + only->eku_except.n != 0;
}

/* The exceptions move from the pile into the policy's memory. */
static bool keep_exceptions(struct policy_reader *r) {
    struct exception *kept = arena_array(policy_arena_of(r), r->exceptions.n, sizeof *kept);
    if (kept == NULL) {
        return policy_no_room(r);
    }
    memcpy(kept, r->exceptions.p, r->exceptions.n * sizeof *kept);
    r->rule.only.except = kept;
    r->rule.only.n_except = r->exceptions.n;
    return true;
}

bool build_only_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    if (r->exceptions.n == 0 && !has_any(r->only)) {
        return policy_refuse(r, "holds no condition; expected at least one");
    }
    return r->exceptions.n == 0 || keep_exceptions(r);
}

bool build_except(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    r->exception = (struct exception){.authenticode = bytes_none()};
    r->only = &r->exception.only;
    r->only->issued_under = r->only->eku = r->only->eku_except = bytes_none();
    return true;
}

bool build_except_end(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    bool any = r->exception.authenticode.n != 0 || has_any(r->only);
    r->only = &r->rule.only;
    if (!any) {
        return policy_refuse(r, "holds nothing; expected authenticode, names of the version resource or version");
    }
    return pile_add(&r->exceptions, &r->exception, sizeof r->exception) || policy_no_room(r);
}

bool build_except_digest(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    if (!policy_take_hash(r, 0, &r->exception.authenticode)) {
        return false;
    }
    return r->exception.authenticode.n >= hash_size(HASH_SHA256) ||
           policy_refuse(r, "is shorter than SHA-256; expected a hash for which nobody can make another file");
}

bool build_time(struct policy_reader *r, const struct policy_row *row) {
    struct conditions *only = r->only;
    bool after = strcmp(row->name, "signed-after") == 0;
    if (!value_time(text_of(r), false, after ? &only->signed_after : &only->signed_before)) {
        return policy_refuse(r, "is \"%.40s\"; expected a time with its zone like 2024-01-31T00:00:00Z, of 1990 to 2100", text_c(&r->text));
    }
    *(after ? &only->has_after : &only->has_before) = true;
    return true;
}

bool build_words(struct policy_reader *r, const struct policy_row *row) {
    struct conditions *only = r->only;
    const struct {
        const char *name, **out;
    } all[] = {{"product", &only->product},
               {"original-name", &only->original_name},
               {"internal-name", &only->internal_name},
               {"description", &only->description},
               {"company", &only->company},
               {"path", &only->path}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(row->name, all[i].name) == 0) {
            return policy_take_words(r, text_of(r), all[i].out);
        }
    }
    return false;
}

bool build_issued_under(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    return policy_take_hash(r, 0, &r->only->issued_under);
}

bool build_eku(struct policy_reader *r, const struct policy_row *row) {
    struct conditions *only = r->only;
    const char *words;
    if (!policy_take_words(r, text_of(r), &words)) {
        return false;
    }
    struct bytes *out = strcmp(row->name, "eku") == 0 ? &only->eku : &only->eku_except;
    return value_oid(bytes_text(words), &r->file->arena, out) ||
           policy_refuse(r, "is \"%.40s\"; expected a dotted object identifier", words);
}

bool build_platform(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    static const char *const platforms[] = {"windows", "macos"};
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++) {
        if (strcmp(text_c(&r->text), platforms[i]) == 0) {
            r->only->platform = platforms[i];
            return true;
        }
    }
    return policy_refuse(r, "is \"%.40s\"; expected windows or macos", text_c(&r->text));
}

bool build_version(struct policy_reader *r, const struct policy_row *row) {
    (void)row;
    struct conditions *only = r->only;
    const struct bytes *min = policy_attribute(r, "min"), *max = policy_attribute(r, "max");
    only->has_min = min != NULL;
    only->has_max = max != NULL;
    if ((min == NULL && max == NULL) || (min != NULL && !value_version(*min, 0, &only->min)) ||
        (max != NULL && !value_version(*max, UINT16_MAX, &only->max))) {
        return policy_refuse(r, "expected min or max or both, each one to four numbers up to 65535 with dots between");
    }
    for (size_t i = 0; i < 4 && min != NULL && max != NULL && only->min.part[i] <= only->max.part[i]; i++) {
        if (only->min.part[i] < only->max.part[i] || i == 3) {
            return true;
        }
    }
    return min == NULL || max == NULL || policy_refuse(r, "min is above max; expected a range");
}
