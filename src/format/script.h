/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the script driver, shared by script.c (finding blocks), script_mark.c (whether there is one) and script_text.c (encodings,
 * what is signed).
 *
 * A signature block is a run of comment lines at the end of a script: a line that begins it, base64 in 64 columns, a line that ends
 * it. The line end before the block belongs to it. What is signed is the text without the block, in UTF-16LE; script hosts put
 * the block's position, counted in UTF-16 units without a byte order mark, behind it as u32. PowerShell hashes a byte order mark
 * along with the text, script hosts do not. (Facts as jsign and osslsigncode have them; Microsoft has published none.)
 */
#ifndef CERTBAN_FORMAT_SCRIPT_H
#define CERTBAN_FORMAT_SCRIPT_H

#include "base/source.h"
#include "model/signature.h"

enum script_encoding {
    SCRIPT_ANSI,  /* no byte order mark: UTF-8 or Windows-1252, as the kind of script goes */
    SCRIPT_UTF8,  /* with a mark, as the next one */
    SCRIPT_UTF16, /* little-endian, with a mark */
    SCRIPT_ODD,   /* UTF-16 that nothing signs: big-endian, without its mark, or with a block in octets behind it */
};

/* One way to write a block. */
struct script_style {
    const char *begin, *end;     /* lines, without the suffix */
    const char *prefix, *suffix; /* of the lines between them, without the blanks */
    bool host;                   /* a script of the Windows Script Host: the rules for the mark and the position above */
    bool is_1252;                /* without a mark it is Windows-1252, whatever it looks like */
    bool inside;                 /* text behind the block is signed too */
};

struct script_block {
    const struct script_style *style;
    size_t at, end;   /* from the line end before it to behind its last line; in units of the file's encoding (1 or 2 bytes) */
    struct bytes der; /* decoded */
    bool closed;      /* the line that ends it is there */
};

struct script {
    enum script_encoding encoding;
    struct bytes file;  /* from the file's beginning on */
    struct bytes units; /* one octet a unit of file: itself where it is ASCII, else anything above 0x7f */
    size_t width;       /* bytes a unit */
    size_t mark;        /* units of the byte order mark */
};

/* script_word_at says whether b has a word, in lower case and given so, from at on, each character of which takes width bytes. */
bool script_word_at(struct bytes b, size_t at, const char *word, size_t width);

/* script_has_mark says whether words of a block stand in text: in single octets or, where octets are 0, in UTF-16 of either order,
 * whatever the text says that it is. script_has_beginning: the words with which one begins. */
bool script_has_mark(struct bytes text);
bool script_has_beginning(struct bytes text);

/* script_open says what file is encoded in, and makes the units. False without memory. */
CERTBAN_MUST_USE bool script_open(struct script *script, struct bytes file, struct arena *arena, struct error *err);

/* script_reopen takes the same file for what it is not by its mark: text of single octets, UTF-16 that is little-endian, or big-endian. */
CERTBAN_MUST_USE bool script_reopen(struct script *script, size_t width, bool big_endian, struct arena *arena, struct error *err);

/* script_claim gives s, whose block is that one, the claim over the text around it. */
CERTBAN_MUST_USE bool script_claim(const struct script *script, const struct script_block *block, struct arena *arena, struct signature *s,
                                   struct error *err);

#endif
