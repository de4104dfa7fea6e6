/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to say about policies that are well-formed: for "certban policy check". */
#ifndef CERTBAN_LIST_POLICY_REPORT_H
#define CERTBAN_LIST_POLICY_REPORT_H

#include "list/policy.h"

/* NOTE_ERROR: the policy must not go live so. NOTE_WARNING: it will not do what it seems to. NOTE_ADVICE: it could do better. */
enum note_level { NOTE_ERROR, NOTE_WARNING, NOTE_ADVICE, NOTE_COUNT };
const char *note_level_name(enum note_level level); /* "error" "warning" "advice" */

struct policy_note {
    enum note_level level;
    const struct policy *policy;
    const struct rule *rule; /* NULL when it is about the whole policy */
    uint32_t line;           /* of the rule; 1 when there is none */
    const char *words;       /* valid during the call */
};

struct note_listener {
    void (*note)(struct note_listener *listener, const struct policy_note *note);
};

/* policy_report tells all notes on n policies that are to be used together, at the time now. False only without memory. */
CERTBAN_MUST_USE bool policy_report(const struct policy *const *policies, size_t n, int64_t now, struct note_listener *listener,
                                    struct error *err);

/* key_text appends what a key names, for people: "sha256 176e31…", "serial 1b6611… of CN=…", whole. */
void key_text(const struct key *key, struct text *out);

/* key_names_certificate says whether a key (SHA-1, SHA-256, TBS hash, SPKI or serial) is one of that certificate. */
bool key_names_certificate(const struct key *key, const struct cert *cert);

#endif
