/* SPDX-License-Identifier: Apache-2.0 */
#include "source/encoded_escapes.h"

#include <ctype.h>

static const struct escape {
    const char *text;
    char is; /* 0: nothing */
} escapes[] = {
    {"\\/", '/'},     {"\\n", 0},       {"\\r", 0},       {"\\u002b", '+'}, {"\\u002B", '+'}, {"\\u002f", '/'},
    {"\\u002F", '/'}, {"\\u003d", '='}, {"\\u003D", '='}, {"%2b", '+'},     {"%2B", '+'},     {"%2f", '/'},
    {"%2F", '/'},     {"%3d", '='},     {"%3D", '='},     {"&#43;", '+'},   {"&#x2b;", '+'},  {"&#x2B;", '+'},
    {"&#47;", '/'},   {"&#x2f;", '/'},  {"&#x2F;", '/'},  {"&#61;", '='},   {"\\\n", 0},      {"\\\r\n", 0},
    {"\"+\"", 0},     {"\" + \"", 0},   {"'+'", 0},       {"' + '", 0},     {"'.'", 0},       {"' . '", 0},
    {"\".\"", 0},     {"\" . \"", 0},   {"\",\"", 0},     {"\", \"", 0},    {"','", 0},       {"', '", 0},
};

static const struct escape *escape_at(struct bytes b, size_t at) {
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (at < b.n && escapes[i].text[0] == (char)b.p[at] && bytes_starts(bytes_cut(b, at, b.n), bytes_text(escapes[i].text))) {
            return &escapes[i];
        }
    }
    return NULL;
}

bool encoded_escapes_leave(uint8_t *p, size_t *n, size_t *used) {
    struct bytes b = bytes_make(p, *n);
    size_t at = 0, out = 0;
    bool any = false;
    while (at < b.n) {
        uint8_t c = b.p[at];
        bool plain = isalnum(c) || (c != 0 && strchr("+/-_= \t\r\n", c) != NULL);
        const struct escape *e = plain ? NULL : escape_at(b, at);
        if (!plain && e == NULL) {
            break;
        }
        any = any || e != NULL;
        at += e != NULL ? strlen(e->text) : 1;
        c = e != NULL ? (uint8_t)e->is : c;
        p[out] = c;
        out += c != 0 ? 1 : 0;
    }
    *used = at;
    *n = any ? out : *n;
    return any;
}
