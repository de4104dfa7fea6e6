/* SPDX-License-Identifier: Apache-2.0 */
/* The words of YARA rules (https://yara.readthedocs.io, "Writing YARA rules"): just enough to find rules and read what they say of
 * signatures. */
#ifndef CERTBAN_LIST_YARA_H
#define CERTBAN_LIST_YARA_H

#include "base/bytes.h"
#include "base/text.h"

enum yara_kind {
    YARA_END,
    YARA_NAME,   /* identifier, keyword, or $string; with the dots between: "pe.signatures", ".subject" */
    YARA_STRING, /* text is what stands between the quotes, escapes and all */
    YARA_NUMBER,
    YARA_REGEX,
    YARA_SIGN /* == <= >= != .. or one byte; a quote that does not end on its line stands for the rest of it */
};

struct yara_token {
    enum yara_kind kind;
    struct bytes text;
    size_t line; /* from 1 */
};

/* Hears comments as they are passed over, with what opens them; the line is that of their beginning. */
struct yara_comments {
    void (*heard)(struct yara_comments *comments, struct bytes comment, size_t line);
};

/* Reads tokens; comments are none. Copy it to look ahead, when nobody hears its comments. */
struct yara {
    struct bytes left;
    size_t line;
    struct yara_comments *comments; /* NULL: nobody hears them */
    struct yara_token token;        /* the one that comes next */
};

/* yara_make reads content, which must outlive it, and stands at its first token. yara_next goes on to the one behind. */
struct yara yara_make(struct bytes content, struct yara_comments *comments);
void yara_next(struct yara *yara);

/* yara_is says whether the next token is that name or sign; yara_take is yara_is, and goes on when it is. */
bool yara_is(const struct yara *yara, const char *text);
bool yara_take(struct yara *yara, const char *text);

/* yara_add_string appends a string token's bytes without their escapes. */
void yara_add_string(struct text *out, struct bytes text);

#endif
