/* SPDX-License-Identifier: Apache-2.0 */
#include "list/stix_pattern.h"

enum { BRACKETS_MAX = 16 };

struct parse {
    struct bytes left;
    struct arena *arena;
    struct error *err;
    struct stix_alternative *first, *last;
    size_t n, depth;
};

/* Comparisons of which one must hold: what stands between two ANDs. */
struct choice {
    struct stix_term *terms;
    size_t n;
};

static void skip_space(struct parse *p) {
    while (p->left.n != 0 && (p->left.p[0] == ' ' || (p->left.p[0] >= '\t' && p->left.p[0] <= '\r'))) {
        p->left = bytes_cut(p->left, 1, p->left.n);
    }
}

static bool refuse(struct parse *p, const char *why) {
    return error_set(p->err, ERR_UNSUPPORTED, "has a pattern that %s", why);
}

static bool take(struct parse *p, char c) {
    skip_space(p);
    bool there = p->left.n != 0 && p->left.p[0] == (uint8_t)c;
    p->left = bytes_cut(p->left, there, p->left.n);
    return there;
}

static bool is_letter(uint8_t c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* A word of the language, in capitals as the standard has it. */
static bool take_word(struct parse *p, const char *word) {
    size_t n = strlen(word);
    skip_space(p);
    if (!bytes_starts(p->left, bytes_text(word)) || (p->left.n > n && is_letter(p->left.p[n]))) {
        return false;
    }
    p->left = bytes_cut(p->left, n, p->left.n);
    return true;
}

/* 'text' with \' and \\ */
static bool take_string(struct parse *p, struct bytes *out) {
    size_t end = 1, n = 0;
    skip_space(p);
    if (p->left.n == 0 || p->left.p[0] != '\'') {
        return refuse(p, "compares with something else than text");
    }
    while (end < p->left.n && p->left.p[end] != '\'') {
        end += p->left.p[end] == '\\' ? 2 : 1;
    }
    if (end >= p->left.n) {
        return refuse(p, "has a text that does not end");
    }
    uint8_t *text = arena_alloc(p->arena, end);
    if (text == NULL) {
        return arena_full(p->arena, p->err);
    }
    for (size_t i = 1; i < end; i++) {
        i += p->left.p[i] == '\\';
        text[n++] = p->left.p[i];
    }
    *out = bytes_make(text, n);
    p->left = bytes_cut(p->left, end + 1, p->left.n);
    return true;
}

/* x509-certificate:hashes.'SHA-256', without its quotes */
static bool take_path(struct parse *p, struct bytes *out) {
    size_t end = 0, n = 0;
    skip_space(p);
    while (end < p->left.n && strchr(" \t\r\n=!<>()[]", p->left.p[end]) == NULL) {
        end++;
    }
    uint8_t *path = arena_alloc(p->arena, end + 1);
    if (path == NULL) {
        return arena_full(p->arena, p->err);
    }
    for (size_t i = 0; i < end; i++) {
        if (p->left.p[i] != '\'' && p->left.p[i] != '"') {
            path[n++] = p->left.p[i];
        }
    }
    *out = bytes_make(path, n);
    p->left = bytes_cut(p->left, end, p->left.n);
    return n != 0 || refuse(p, "can't be read");
}

static bool add_term(struct parse *p, struct choice *choice, const struct stix_term *term) {
    if ((choice->n & (choice->n - 1)) == 0) { /* full: room doubles */
        struct stix_term *terms = arena_array(p->arena, choice->n == 0 ? 1 : 2 * choice->n, sizeof *terms);
        if (terms == NULL) {
            return arena_full(p->arena, p->err);
        }
        memcpy(terms, choice->n != 0 ? choice->terms : terms, choice->n * sizeof *terms);
        choice->terms = terms;
    }
    choice->terms[choice->n++] = *term;
    return choice->n <= STIX_ALTERNATIVES_MAX || refuse(p, "has too many alternatives");
}

/* One comparison; IN is several of which one must hold. */
static bool take_comparison(struct parse *p, struct choice *choice) {
    struct stix_term term = {.value = bytes_none()};
    if (take_word(p, "NOT")) {
        return refuse(p, "says what must not be");
    }
    if (!take_path(p, &term.path)) {
        return false;
    }
    if (take_word(p, "IN")) {
        bool ok = take(p, '(') || refuse(p, "can't be read");
        do {
            ok = ok && take_string(p, &term.value) && add_term(p, choice, &term);
        } while (ok && take(p, ','));
        return ok && (take(p, ')') || refuse(p, "can't be read"));
    }
    term.like = take_word(p, "LIKE");
    if (!term.like && !take(p, '=')) {
        return refuse(p, "compares in another way than = LIKE IN");
    }
    return take_string(p, &term.value) && add_term(p, choice, &term);
}

static bool take_any(struct parse *p);

/* Adds the alternatives of a product: one term of each choice. */
static bool add_product(struct parse *p, const struct choice *choices, size_t n) {
    size_t at[STIX_TERMS_MAX] = {0};
    for (;;) {
        struct stix_alternative *made = arena_alloc(p->arena, sizeof *made);
        if (made == NULL) {
            return arena_full(p->arena, p->err);
        }
        if (++p->n > STIX_ALTERNATIVES_MAX) {
            return refuse(p, "has too many alternatives");
        }
        for (made->n = 0; made->n < n; made->n++) {
            made->terms[made->n] = choices[made->n].terms[at[made->n]];
        }
        *(p->last != NULL ? &p->last->next : &p->first) = made;
        p->last = made;
        size_t i = 0;
        while (i < n && ++at[i] == choices[i].n) {
            at[i++] = 0;
        }
        if (i == n) {
            return true;
        }
    }
}

/* Comparisons joined by AND, or alternatives in parentheses by themselves. */
static bool take_all(struct parse *p) {
    struct choice choices[STIX_TERMS_MAX] = {0};
    size_t n = 0;
    if (take(p, '(')) {
        if (!take_any(p)) {
            return false;
        }
        if (!take(p, ')')) {
            return refuse(p, "can't be read");
        }
        return !take_word(p, "AND") || refuse(p, "joins alternatives by AND");
    }
    do {
        if (n == STIX_TERMS_MAX) {
            return refuse(p, "asks for too many things at once");
        }
        if (take(p, '(')) {
            return refuse(p, "joins alternatives by AND");
        }
        if (!take_comparison(p, &choices[n])) {
            return false;
        }
        n++;
    } while (take_word(p, "AND"));
    return add_product(p, choices, n);
}

static bool take_any(struct parse *p) {
    if (++p->depth > BRACKETS_MAX) {
        return refuse(p, "has too many brackets");
    }
    do {
        if (!take_all(p)) {
            return false;
        }
    } while (take_word(p, "OR"));
    p->depth--;
    return true;
}

/* Observations joined by OR, in parentheses or not. */
static bool take_observations(struct parse *p) {
    if (++p->depth > BRACKETS_MAX) {
        return refuse(p, "has too many brackets");
    }
    do {
        if (take(p, '(')) {
            if (!take_observations(p) || !take(p, ')')) {
                return p->err->kind != ERR_NONE ? false : refuse(p, "can't be read");
            }
        } else if (!take(p, '[')) {
            return refuse(p, "can't be read");
        } else if (!take_any(p)) {
            return false;
        } else if (!take(p, ']')) {
            return refuse(p, "can't be read");
        }
    } while (take_word(p, "OR"));
    p->depth--;
    return true;
}

bool stix_pattern(struct bytes pattern, struct arena *arena, struct stix_alternative **out, struct error *err) {
    struct error own = {0};
    struct parse p = {.left = pattern, .arena = arena, .err = &own};
    bool ok = take_observations(&p);
    skip_space(&p);
    ok = ok && (p.left.n == 0 || refuse(&p, "asks for several observations, or for times"));
    if (ok) {
        *out = p.first;
    } else if (err != NULL) {
        *err = own;
    }
    return ok;
}
