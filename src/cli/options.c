/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"

const struct option_row option_table[OPTION_COUNT] = {
#define X(id, name, letter, kind, argument, help) [OPTION_##id] = {name, letter, kind, argument, help},
    OPTIONS(X)
#undef X
};
_Static_assert(OPTION_COUNT <= 8 * sizeof(option_set), "a set of options has a bit for each");

/* getopt's codes: options by their place in the table, past every letter; 1 is a word that is no option. */
enum { CODE_WORD = 1, CODE_BASE = 256, NUMBER_MAX = 1000000 };

/* getopt's tables for one set of options. The letters begin with '-': words come in their place, whatever POSIXLY_CORRECT says. */
struct getopt_tables {
    struct option longs[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 3];
};

static void make_tables(option_set takes, struct getopt_tables *tables) {
    size_t n = 0, n_letters = 0;
    tables->letters[n_letters++] = '-';
    tables->letters[n_letters++] = ':';
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_table[i];
        if ((takes >> i & 1) == 0) {
            continue;
        }
        tables->longs[n++] =
            (struct option){row->name, row->kind == TAKES_NOTHING ? no_argument : required_argument, NULL, CODE_BASE + (int)i};
        if (row->letter != 0) {
            tables->letters[n_letters++] = row->letter;
            if (row->kind != TAKES_NOTHING) {
                tables->letters[n_letters++] = ':';
            }
        }
    }
    tables->longs[n] = (struct option){0};
    tables->letters[n_letters] = '\0';
}

static size_t by_code(option_set takes, int code) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((takes >> i & 1) != 0 && (code == CODE_BASE + (int)i || (code > CODE_WORD && code == option_table[i].letter))) {
            return i;
        }
    }
    return OPTION_COUNT;
}

size_t options_words(int argc, char **argv, const char **words, size_t n) {
    struct getopt_tables tables;
    make_tables(UINT64_MAX, &tables);
    size_t found = 0;
    optind = 0;
    opterr = 0;
    for (int code; found < n && (code = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1;) {
        if (code == CODE_WORD) {
            words[found++] = optarg;
        }
    }
    for (; found < n && optind < argc; optind++) {
        words[found++] = argv[optind];
    }
    return found;
}

/* The place of a word among "a|b|c"; SIZE_MAX when it is none of them. */
static size_t choice_of(const char *choices, const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0;; i++) {
        const char *end = strchrnul(choices, '|');
        if ((size_t)(end - choices) == length && memcmp(choices, word, length) == 0) {
            return i;
        }
        if (*end == '\0') {
            return SIZE_MAX;
        }
        choices = end + 1;
    }
}

/* A number, with one of the units behind it or none: each is 1024 times the one before. False past greatest. */
static bool number_of(const char *word, const char *units, uint64_t greatest, uint64_t *number) {
    char *end;
    errno = 0;
    unsigned long long n = strtoull(word, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    if (word[0] < '0' || word[0] > '9' || end[unit != NULL] != '\0' || errno != 0 || n > greatest >> shift) {
        return false;
    }
    *number = (uint64_t)n << shift;
    return true;
}

/* Words from a file live as long as the options. */
struct word {
    struct word *next;
    char text[];
};

/* The word itself must live as long as the options. */
static bool take(struct options *options, size_t id, const char *word, struct error *err) {
    const struct option_row *row = &option_table[id];
    if (row->kind == TAKES_CHOICE && choice_of(row->argument, word) == SIZE_MAX) {
        return error_set(err, ERR_USAGE, "--%s takes one of %s, not \"%s\"", row->name, row->argument, word);
    }
    if (row->kind == TAKES_NUMBER && !number_of(word, "", NUMBER_MAX, &options->number[id])) {
        return error_set(err, ERR_USAGE, "--%s takes a number up to %d, not \"%s\"", row->name, NUMBER_MAX, word);
    }
    if (row->kind == TAKES_SIZE && !number_of(word, "KMGT", UINT64_MAX, &options->number[id])) {
        return error_set(err, ERR_USAGE, "--%s takes a number of bytes, as 500M or 4G, not \"%s\"", row->name, word);
    }
    if (row->kind == TAKES_WORDS) {
        const char **words = realloc(options->words[id], (options->n_words[id] + 1) * sizeof *words);
        if (words == NULL) {
            return error_set(err, ERR_LIMIT, "no memory");
        }
        options->words[id] = words;
        words[options->n_words[id]++] = word;
    }
    options->given[id] = true;
    options->word[id] = word;
    if (id == OPTION_JSON) { /* two ways to say one thing: the last counts */
        options->given[OPTION_FORMAT] = true;
        options->word[OPTION_FORMAT] = "json";
    } else if (id == OPTION_FORMAT) {
        options->given[OPTION_JSON] = false;
    }
    return true;
}

bool options_set(struct options *options, size_t id, const char *value, struct error *err) {
    size_t n = strlen(value) + 1;
    struct word *word = malloc(sizeof *word + n);
    if (word == NULL) {
        return error_set(err, ERR_LIMIT, "no memory");
    }
    memcpy(word->text, value, n);
    word->next = options->owned;
    options->owned = word;
    return take(options, id, word->text, err);
}

/* What was meant by an option that a command does not take: the nearest name in its own options. */
static const char *nearest(option_set takes, const char *name) {
    const char *best = NULL;
    unsigned best_distance = 4;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        unsigned distance = edit_distance(name, option_table[i].name);
        if ((takes >> i & 1) != 0 && distance < best_distance && distance < strlen(option_table[i].name)) {
            best = option_table[i].name;
            best_distance = distance;
        }
    }
    return best;
}

enum { NAME_SIZE = 64 };

/* The name in "--name" or "--name=value". */
static void name_of(const char *word, char name[NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "%.*s", (int)strcspn(word + 2, "="), word + 2);
}

/* The whole name of an option that only other commands take: getopt would have it for the beginning of a longer one. */
static bool is_of_another(option_set takes, const char *word, size_t id) {
    char name[NAME_SIZE];
    if (strncmp(word, "--", 2) != 0 || id == OPTION_COUNT) {
        return false;
    }
    name_of(word, name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((takes >> i & 1) == 0 && strcmp(option_table[i].name, name) == 0) {
            return strcmp(option_table[id].name, name) != 0;
        }
    }
    return false;
}

static void wrong_option(const struct command *command, const char *word) {
    if (optopt >= CODE_BASE) {
        command_usage(command, "--%s takes no value", option_table[optopt - CODE_BASE].name);
        return;
    }
    if (strncmp(word, "--", 2) != 0) {
        command_usage(command, "there is no option %.2s", word);
        return;
    }
    char name[NAME_SIZE];
    name_of(word, name);
    const char *near = nearest(command->takes | TAKE_ALWAYS, name);
    for (size_t i = 0; near == NULL && i < OPTION_COUNT; i++) {
        if (strcmp(option_table[i].name, name) == 0) {
            command_usage(command, "%s does not take the option --%s", command->name, name);
            return;
        }
    }
    if (near != NULL) {
        command_usage(command, "there is no option --%s; --%s was meant?", name, near);
    } else {
        command_usage(command, "there is no option --%s", name);
    }
}

const char *options_nearest(const char *word) {
    char name[NAME_SIZE];
    if (strncmp(word, "--", 2) != 0) {
        return NULL;
    }
    name_of(word, name);
    return nearest(~(option_set)0, name);
}

bool options_parse(int argc, char **argv, size_t skip, const struct command *command, struct options *options) {
    struct getopt_tables tables;
    option_set takes = command->takes | TAKE_ALWAYS;
    make_tables(takes, &tables);
    *options = (struct options){0};
    struct error err = {0};
    options->args = calloc((size_t)argc + 1, sizeof *options->args);
    if (options->args == NULL) {
        command_usage(command, "no memory");
        return false;
    }
    optind = 0;
    opterr = 0;
    /* getopt looks at argv[optind] before it moves on: what it complains about stands at the place from before the call. */
    for (int at = 1, code; (code = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1; at = optind) {
        if (code == CODE_WORD && skip != 0) {
            skip--;
        } else if (code == CODE_WORD) {
            options->args[options->n_args++] = optarg;
        } else if (code == ':') {
            size_t id = by_code(takes, optopt);
            command_usage(command, "--%s needs %s", id < OPTION_COUNT ? option_table[id].name : "?",
                          id < OPTION_COUNT ? option_table[id].argument : "?");
            return false;
        } else if (code == '?') {
            char letter[3] = {'-', (char)optopt, '\0'};
            wrong_option(command, optopt != 0 && optopt < CODE_BASE ? letter : argv[at < argc ? at : argc - 1]);
            return false;
        } else if (is_of_another(takes, argv[at], by_code(takes, code))) {
            char name[NAME_SIZE];
            name_of(argv[at], name);
            command_usage(command, "%s does not take the option --%s", command->name, name);
            return false;
        } else if (!take(options, by_code(takes, code), optarg, &err)) {
            command_usage(command, "%s", err.text);
            return false;
        }
    }
    for (; optind < argc; optind++) {
        if (skip != 0) {
            skip--;
        } else {
            options->args[options->n_args++] = argv[optind];
        }
    }
    memcpy(options->by_hand, options->given, sizeof options->by_hand);
    return true;
}

/* An option, the one that it needs, and the word that this must have; NULL: any. */
static const struct {
    enum option_id option, needs;
    const char *word;
} belong[] = {
    {OPTION_PACKAGES, OPTION_ACTION, "quarantine"},
    {OPTION_CONFIRM_MASS, OPTION_ACTION, "quarantine"},
    {OPTION_CLEAR_IMMUTABLE, OPTION_ACTION, "quarantine"},
    {OPTION_FIND_LINKS, OPTION_ACTION, "quarantine"},
    {OPTION_KILL, OPTION_ACTION, "quarantine"},
    {OPTION_WITH_APPLICATION, OPTION_ACTION, "quarantine"},
    {OPTION_LOSSY, OPTION_ACTION, "quarantine"},
    {OPTION_NO_PLAIN_COPY, OPTION_ACTION, "quarantine"},
    {OPTION_NULL_SEPARATED, OPTION_FILES_FROM, NULL},
    {OPTION_ALLOW_PRIVATE, OPTION_ONLINE, NULL},
};

bool options_belong(const struct options *options, const struct command *command, struct error *err) {
    for (size_t i = 0; i < sizeof belong / sizeof *belong; i++) {
        enum option_id needs = belong[i].needs;
        const char *word = belong[i].word;
        bool asked = options->by_hand[belong[i].option] && (command->takes >> needs & 1) != 0;
        bool fits = options->given[needs] && (word == NULL || strcmp(options->word[needs], word) == 0);
        if (asked && !fits) {
            word = word != NULL ? word : option_table[needs].argument;
            return error_set(err, ERR_USAGE, "--%s means nothing without --%s%s%s", option_table[belong[i].option].name,
                             option_table[needs].name, word != NULL ? " " : "", word != NULL ? word : "");
        }
    }
    return true;
}

void options_free(struct options *options) {
    for (struct word *word = options->owned, *next; word != NULL; word = next) {
        next = word->next;
        free(word);
    }
    free(options->args);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        free(options->words[i]);
    }
    *options = (struct options){0};
}

/* Whether a limit may be so. */
static bool limit_fits(enum limit which, uint64_t n, const char *option, const char *name, struct error *err) {
    const struct limit_row *row = &limit_table[which];
    char least[LIMIT_TEXT_SIZE], greatest[LIMIT_TEXT_SIZE];
    limit_text(least, which, row->least);
    limit_text(greatest, which, row->greatest);
    return (n >= row->least && n <= row->greatest) || error_set(err, ERR_USAGE, "--%s%s takes %s to %s", option, name, least, greatest);
}

/* The names that may have been meant: those that are nearest, and those that begin so or hold it. */
static void names_near(const char *name, struct text *out) {
    unsigned best = 4;
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        unsigned distance = edit_distance(name, limit_table[i].name);
        best = distance < best ? distance : best;
    }
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        const char *other = limit_table[i].name;
        bool holds = strlen(name) > 2 && (strstr(other, name) != NULL || strstr(name, other) != NULL);
        if (holds || (best < 4 && edit_distance(name, other) == best && best < strlen(other))) {
            text_addf(out, "%s%s", out->n != 0 ? " or " : "", other);
        }
    }
}

/* NAME=N */
static bool set_limit(struct limits *limits, const char *word, struct error *err) {
    char name[NAME_SIZE];
    const char *number = strchrnul(word, '=');
    enum limit which = limit_find(bytes_make(word, (size_t)(number - word)));
    snprintf(name, sizeof name, "%.*s", (int)(number - word), word);
    if (which == LIMIT_COUNT) {
        struct text near = {0};
        names_near(name, &near);
        error_set(err, ERR_USAGE, "there is no limit %s%s%s%s (--limit help lists them)", name, near.n != 0 ? "; " : "",
                  near.n != 0 ? text_c(&near) : "", near.n != 0 ? " was meant?" : "");
        text_free(&near);
        return false;
    }
    if (*number == '\0' || !number_of(number + 1, "KMGT", UINT64_MAX, &limits->most[which])) {
        return error_set(err, ERR_USAGE, "--limit %s=N takes a number, as 64 or 16M, not \"%s\"", name, *number == '\0' ? "" : number + 1);
    }
    return limit_fits(which, limits->most[which], "limit ", name, err);
}

bool options_limits(const struct options *options, struct limits *limits, struct error *err) {
    *limits = (struct limits){0};
    for (size_t i = 0; i < LIMIT_OWN_COUNT; i++) { /* their options stand in the same order */
        limits->most[i] = options->number[OPTION_MAX_DEPTH + i];
        if (options->given[OPTION_MAX_DEPTH + i] && !limit_fits((enum limit)i, limits->most[i], limit_table[i].option, "", err)) {
            return false;
        }
    }
    for (size_t i = 0; i < options->n_words[OPTION_LIMIT]; i++) {
        if (!set_limit(limits, options->words[OPTION_LIMIT][i], err)) {
            return false;
        }
    }
    return true;
}

bool options_ask_limits(const struct options *options) {
    for (size_t i = 0; i < options->n_words[OPTION_LIMIT]; i++) {
        if (strcmp(options->words[OPTION_LIMIT][i], "help") == 0) {
            return true;
        }
    }
    return false;
}

size_t options_choice(const struct options *options, enum option_id id, size_t otherwise) {
    return options->given[id] ? choice_of(option_table[id].argument, options->word[id]) : otherwise;
}
