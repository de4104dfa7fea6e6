/* SPDX-License-Identifier: Apache-2.0 */
/* Where policies come from: the program itself, the system's folders, installed bundles, the command line, certificates dropped into a
 * folder, and the allow rules of restored files. */
#ifndef CERTBAN_LIST_SEARCH_H
#define CERTBAN_LIST_SEARCH_H

#include "list/policy.h"

#define SEARCH_SHARE "/usr/share/certban/policies"
#define SEARCH_STATE "/var/lib/certban"

struct search {
    bool builtin;             /* the compiled-in policies, and newer versions of them in share */
    const char *share, *etc;  /* folders of *.xml; NULL: not looked at. Of two policies with one id the higher version holds */
    const char *certs;        /* a folder of certificates (.pem .der .cer .crt), each a ban by itself; NULL: none */
    const char *const *files; /* named by the user: each is loaded, whatever its id */
    size_t n_files;
    const char *shared; /* the system's state folder: bundles of policies that were installed there; NULL: none */
    const char *state;  /* the state folder: bundles, too, and its allow.xml holds allow rules; NULL: none */
    int64_t now;        /* seconds since 1970, for rules that expire */
};

/* Hears of each policy that could not be read (err names it), and of what is odd about one that could. */
struct search_listener {
    void (*unreadable)(struct search_listener *listener, const struct error *err);
    void (*odd)(struct search_listener *listener, const char *words);
};

/*
 * search_load reads all of them into the list, which owns them then; the list is not sealed. A policy that can't be read is told
 * to the listener and counted, and the others are loaded. Files in the folders and in the state must belong to root or the caller, and
 * nobody else may write to them. False only without memory or past the list's limits.
 */
CERTBAN_MUST_USE bool search_load(const struct search *search, struct blocklist *list, struct search_listener *listener, size_t *unreadable,
                                  struct error *err);

/* search_certificates makes a policy of certificates in PEM or DER: a ban of each by all its identities, for signers, to quarantine. CA
 * certificates are refused. origin names it in messages, its last name is the policy's title. */
CERTBAN_MUST_USE bool search_certificates(struct bytes content, const char *origin, struct policy **out, struct error *err);

#endif
