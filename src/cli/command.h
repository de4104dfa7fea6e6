/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands: one table, one file cmd_NAME.c each. To add one: write the file, define its struct command there, and put it
 * into the table in main.c. A command with sub-commands (policy, quarantine) has a table of its own in sub.
 */
#ifndef CERTBAN_CLI_COMMAND_H
#define CERTBAN_CLI_COMMAND_H

#include "cli/options.h"

enum exit_status {
    STATUS_FINE = 0,          /* everything was examined, nothing banned, nothing listed */
    STATUS_FOUND = 1,         /* something is banned or listed */
    STATUS_NOT_EXAMINED = 2,  /* nothing is, but something could not be examined, or a policy could not be read */
    STATUS_ACTION_FAILED = 3, /* something is, and an action on it failed */
    STATUS_USAGE = 64,        /* wrong usage */
};

struct command {
    const char *name;          /* "scan"; of a sub-command its own word: "restore" */
    const char *args;          /* for the usage line: "PATH…"; "" when it takes none */
    const char *help;          /* one line */
    const char *more;          /* further paragraphs for --help; NULL when there is nothing to say */
    const char *examples;      /* lines indented by two, each a command that can be typed; NULL when there are none */
    option_set takes;          /* options: TAKE(…) | … */
    size_t min_args, max_args; /* SIZE_MAX: any number */
    int (*run)(const struct command *command, const struct options *options);
    const struct command *const *sub; /* NULL-terminated; NULL when there are none */
    const struct command *parent;     /* of a sub-command; else NULL */
};

/* The table, NULL-terminated. */
extern const struct command *const commands[];

extern const struct command command_scan, command_check, command_show, command_policy, command_crl, command_quarantine, command_version,
    command_docs;

/* command_find is the row of that name in a table; NULL when there is none. command_nearest is the one that was probably meant;
 * NULL when none is near. */
const struct command *command_find(const struct command *const *table, const char *name);
const struct command *command_nearest(const struct command *const *table, const char *name);

/* command_usage says on standard error what is wrong and where help is; it returns STATUS_USAGE. command may be NULL. */
int command_usage(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* help_program and help_command print to standard output; help_command gives a sub-command or a command, help_limits the table of limits.
 */
void help_program(void);
void help_limits(void);
void help_command(const struct command *command);

#endif
