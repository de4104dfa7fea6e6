/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An expression becomes steps of a machine that stands at many of them at once (Thompson 1968). Jumps are relative, so that what was
 * compiled can be moved when an op behind it turns out to need a step in front.
 */
#include "format/pattern.h"

enum step_kind { STEP_OCTET, STEP_ANY, STEP_SET, STEP_BEGIN, STEP_END, STEP_JUMP, STEP_SPLIT, STEP_FITS };

struct step {
    enum step_kind kind;
    uint8_t octet;
    int to;       /* STEP_JUMP, STEP_SPLIT (beside the next one): how far */
    uint8_t *set; /* STEP_SET: a bit an octet */
};

struct pattern {
    struct step *steps;
    size_t n;
};

struct compiler {
    struct step steps[PATTERN_STEPS_MAX];
    size_t n;
    struct arena *arena;
    struct bytes left;
    unsigned depth;
    struct error *err;
};

static bool refuse(struct compiler *c, const char *what) {
    return error_set(c->err, ERR_UNSUPPORTED, "a rule's expression has %s", what);
}

static bool add(struct compiler *c, struct step step) {
    if (c->n == PATTERN_STEPS_MAX) {
        return refuse(c, "too many parts");
    }
    c->steps[c->n++] = step;
    return true;
}

/* Puts a step in front of what was compiled since at. */
static bool insert(struct compiler *c, size_t at, struct step step) {
    if (!add(c, step)) {
        return false;
    }
    memmove(c->steps + at + 1, c->steps + at, (c->n - 1 - at) * sizeof step);
    c->steps[at] = step;
    return true;
}

static int peek(const struct compiler *c) {
    return c->left.n != 0 ? c->left.p[0] : -1;
}

static uint8_t take(struct compiler *c) {
    uint8_t octet = c->left.p[0];
    c->left = bytes_cut(c->left, 1, c->left.n);
    return octet;
}

/* [abc], [^/], [a-z]: a ] that stands first is itself, as is a - at an end. */
static bool compile_set(struct compiler *c) {
    uint8_t *set = arena_array(c->arena, 32, 1);
    if (set == NULL) {
        return arena_full(c->arena, c->err);
    }
    memset(set, 0, 32);
    bool not = peek(c) == '^', closed = false;
    if (not ) {
        (void)take(c);
    }
    for (bool first = true; c->left.n != 0 && !closed; first = false) {
        unsigned from = take(c), to = from;
        if (from == ']' && !first) {
            closed = true;
            break;
        }
        if (from == '[' && (peek(c) == ':' || peek(c) == '.' || peek(c) == '=')) {
            return refuse(c, "a class by name");
        }
        if (from == '\\' && c->left.n != 0) {
            from = to = take(c);
        }
        if (c->left.n >= 2 && c->left.p[0] == '-' && c->left.p[1] != ']') {
            (void)take(c);
            to = take(c);
        }
        for (unsigned octet = from; octet <= to; octet++) {
            set[octet / 8] |= (uint8_t)(1u << octet % 8);
        }
    }
    for (size_t i = 0; not &&i < 32; i++) {
        set[i] = (uint8_t)~set[i];
    }
    return closed ? add(c, (struct step){.kind = STEP_SET, .set = set}) : refuse(c, "a bracket that is not closed");
}

static bool compile_any_of(struct compiler *c);

static bool compile_group(struct compiler *c) {
    if (c->left.n >= 2 && c->left.p[0] == '?' && c->left.p[1] == ':') {
        c->left = bytes_cut(c->left, 2, c->left.n);
    }
    if (++c->depth > PATTERN_DEPTH_MAX) {
        return refuse(c, "groups too deep in one another");
    }
    if (!compile_any_of(c)) {
        return false;
    }
    c->depth--;
    if (peek(c) != ')') {
        return refuse(c, "a group that is not closed");
    }
    (void)take(c);
    return true;
}

static bool compile_one(struct compiler *c) {
    uint8_t octet = take(c);
    switch (octet) {
    case '.':
        return add(c, (struct step){.kind = STEP_ANY});
    case '^':
        return add(c, (struct step){.kind = STEP_BEGIN});
    case '$':
        return add(c, (struct step){.kind = STEP_END});
    case '[':
        return compile_set(c);
    case '(':
        return compile_group(c);
    case '*':
    case '+':
    case '?':
    case '{':
        return refuse(c, "a repetition of nothing");
    case '\\':
        if (c->left.n == 0) {
            return refuse(c, "a backslash at its end");
        }
        octet = take(c);
        if ((octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z')) {
            return refuse(c, "a backslash before a letter or digit");
        }
        return add(c, (struct step){.kind = STEP_OCTET, .octet = octet});
    default:
        return add(c, (struct step){.kind = STEP_OCTET, .octet = octet});
    }
}

/* x* is SPLIT(over) x JUMP(back), x+ is x SPLIT(back), x? is SPLIT(over) x. */
static bool compile_repeated(struct compiler *c) {
    size_t at = c->n;
    if (!compile_one(c)) {
        return false;
    }
    while (peek(c) == '*' || peek(c) == '+' || peek(c) == '?') {
        uint8_t op = take(c);
        int n = (int)(c->n - at);
        bool ok = true;
        if (op == '+') {
            ok = add(c, (struct step){.kind = STEP_SPLIT, .to = -n});
        } else if (op == '*') {
            ok = insert(c, at, (struct step){.kind = STEP_SPLIT, .to = n + 2}) && add(c, (struct step){.kind = STEP_JUMP, .to = -(n + 1)});
        } else {
            ok = insert(c, at, (struct step){.kind = STEP_SPLIT, .to = n + 1});
        }
        if (!ok) {
            return false;
        }
    }
    return peek(c) == '{' ? refuse(c, "a counted repetition") : true;
}

/* a|b is SPLIT(to b) a JUMP(behind b) b. */
static bool compile_any_of(struct compiler *c) {
    size_t at = c->n;
    while (peek(c) >= 0 && peek(c) != '|' && peek(c) != ')') {
        if (!compile_repeated(c)) {
            return false;
        }
    }
    if (peek(c) != '|') {
        return true;
    }
    (void)take(c);
    int n = (int)(c->n - at);
    if (++c->depth > PATTERN_DEPTH_MAX) {
        return refuse(c, "too many alternatives");
    }
    if (!insert(c, at, (struct step){.kind = STEP_SPLIT, .to = n + 2}) || !add(c, (struct step){.kind = STEP_JUMP})) {
        return false;
    }
    size_t jump = c->n - 1;
    if (!compile_any_of(c)) {
        return false;
    }
    c->depth--;
    c->steps[jump].to = (int)(c->n - jump);
    return true;
}

bool pattern_make(struct bytes expression, struct arena *arena, const struct pattern **out, struct error *err) {
    struct error why = {0};
    struct compiler c = {.arena = arena, .left = expression, .err = &why};
    bool ok = compile_any_of(&c) && (c.left.n == 0 || refuse(&c, "a bracket that closes nothing"));
    if (!ok || !add(&c, (struct step){.kind = STEP_FITS})) {
        return error_again(err, &why);
    }
    struct pattern *pattern = arena_alloc(arena, sizeof *pattern);
    struct step *steps = arena_array(arena, c.n, sizeof *steps);
    if (pattern == NULL || steps == NULL) {
        return arena_full(arena, err);
    }
    memcpy(steps, c.steps, c.n * sizeof *steps);
    *pattern = (struct pattern){.steps = steps, .n = c.n};
    *out = pattern;
    return true;
}

/* The steps that the machine stands at. */
struct places {
    uint16_t at[PATTERN_STEPS_MAX];
    size_t n;
    uint8_t has[PATTERN_STEPS_MAX / 8];
};

static void stand(struct places *places, size_t at) {
    if ((places->has[at / 8] >> at % 8 & 1) == 0) {
        places->has[at / 8] |= (uint8_t)(1u << at % 8);
        places->at[places->n++] = (uint16_t)at;
    }
}

/* Follows what takes no octet. True when the end is among it. */
static bool follow(const struct pattern *p, struct places *places, bool begin, bool end) {
    bool fits = false;
    for (size_t i = 0; i < places->n; i++) { /* it grows */
        size_t at = places->at[i];
        const struct step *step = &p->steps[at];
        fits = fits || step->kind == STEP_FITS;
        if (step->kind == STEP_SPLIT || step->kind == STEP_JUMP) {
            stand(places, step->to < 0 ? at - (size_t)-step->to : at + (size_t)step->to);
        }
        if (step->kind == STEP_SPLIT || (step->kind == STEP_BEGIN && begin) || (step->kind == STEP_END && end)) {
            stand(places, at + 1);
        }
    }
    return fits;
}

static bool takes(const struct step *step, uint8_t octet) {
    return step->kind == STEP_ANY || (step->kind == STEP_OCTET && step->octet == octet) ||
           (step->kind == STEP_SET && (step->set[octet / 8] >> octet % 8 & 1) != 0);
}

static void clear(struct places *places) {
    places->n = 0;
    memset(places->has, 0, sizeof places->has);
}

bool pattern_fits(const struct pattern *p, struct bytes text) {
    struct places both[2];
    clear(&both[0]);
    for (size_t i = 0;; i++) {
        struct places *now = &both[i % 2], *next = &both[(i + 1) % 2];
        stand(now, 0); /* a part may begin anywhere */
        if (follow(p, now, i == 0, i == text.n)) {
            return true;
        }
        if (i == text.n) {
            return false;
        }
        clear(next);
        for (size_t k = 0; k < now->n; k++) {
            if (takes(&p->steps[now->at[k]], text.p[i])) {
                stand(next, now->at[k] + 1u);
            }
        }
    }
}
