/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installed bundles: the folder "bundles" of a state folder. Of each id it holds ID.bundle, the one before it as ID.bundle.previous, and
 * ID.seen, the highest version that was ever installed. What is there was checked when it came; the folder is its owner's alone to
 * write.
 */
#ifndef CERTBAN_LIST_BUNDLE_STORE_H
#define CERTBAN_LIST_BUNDLE_STORE_H

#include "list/bundle.h"

struct bundle_install {
    const char *state; /* the state folder; made when it is missing */
    const struct bundle_keys *keys;
    int64_t now;     /* seconds since 1970 */
    bool may_shrink; /* take it though it has less than half of the rules of the one before */
};

/* What became of a bundle that was taken. */
struct bundle_installed {
    char id[129];
    uint64_t version, before; /* before: the version that it replaces; 0 when there was none */
    int64_t expires;
    size_t n_policies, n_rules;
    bool current; /* it is the one that was installed already: nothing was changed */
};

/*
 * bundle_install checks a bundle and puts it in the place of the installed one of its id: at every instant one of the two is there whole.
 * Refused, with nothing changed: a signature that no key made; one that is not by the key that signed the installed bundle,
 * while that key is still among the keys; an expired or future one; a version that does not rise, of the bundle or of a policy in
 * it; less than half of the rules.
 */
CERTBAN_MUST_USE bool bundle_install(const struct bundle_install *job, struct bytes content, const char *origin,
                                     struct bundle_installed *out, struct error *err);

/* bundle_load reads an installed bundle; where it can't be read, the one before it, and *fallback tells why. Rules that came less than
 * BUNDLE_FRESH seconds before now, or were other ones in the bundle before, are marked as fresh. */
enum { BUNDLE_FRESH = 86400 };
CERTBAN_MUST_USE bool bundle_load(const char *path, int64_t now, struct bundle *out, struct error *fallback, struct error *err);

#endif
