/* SPDX-License-Identifier: Apache-2.0 */
#include "source/timed.h"

#include "source/stream.h"

enum { LARGE = 64 << 10 }; /* as hashing reads; parsers, who read less, ask the budget by themselves */

static bool timed_pread(struct source *source, void *buf, size_t n, uint64_t at, struct error *err) {
    const struct timed_source *timed = (struct timed_source *)source;
    return (n < LARGE || budget_in_time(timed->budget, err)) && timed->under->pread(timed->under, buf, n, at, err);
}

static bool timed_attribute(struct source *source, const char *name, struct arena *arena, struct bytes *out) {
    const struct timed_source *timed = (struct timed_source *)source;
    return timed->under->attribute(timed->under, name, arena, out);
}

void timed_source_init(struct timed_source *timed, struct source *under, struct budget *budget) {
    *timed = (struct timed_source){.source = *under, .under = under, .budget = budget};
    timed->source.pread = timed_pread;
    timed->source.attribute = under->attribute != NULL ? timed_attribute : NULL;
}
