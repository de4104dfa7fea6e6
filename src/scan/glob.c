/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/glob.h"

#include <string.h>

/* Where the newest star of one kind stood, and how much of the text it has eaten so far. */
struct retry {
    const char *pattern, *text;
};

static bool fits(const char *p, const char *t) {
    struct retry one = {NULL, NULL}, any = {NULL, NULL};
    for (;;) {
        if (p[0] == '*' && p[1] == '*') {
            p += 2;
            any = (struct retry){p, t};
            one = (struct retry){NULL, NULL};
        } else if (p[0] == '*') {
            p++;
            one = (struct retry){p, t};
        } else if (*p == '\0' && *t == '\0') {
            return true;
        } else if (*t != '\0' && (*p == *t || (*p == '?' && *t != '/'))) {
            p++;
            t++;
        } else if (one.pattern != NULL && *one.text != '\0' && *one.text != '/') {
            p = one.pattern;
            t = ++one.text;
        } else if (any.pattern != NULL && *any.text != '\0') {
            p = any.pattern;
            t = ++any.text;
            one = (struct retry){NULL, NULL};
        } else {
            return false;
        }
    }
}

bool glob_fits(const char *pattern, const char *text) {
    const char *name = strrchr(text, '/');
    if (strchr(pattern, '/') == NULL && name != NULL) {
        text = name + 1;
    }
    return fits(pattern, text);
}
