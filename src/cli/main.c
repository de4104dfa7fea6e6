/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and the way from argv to one of them. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/ui.h"

const struct command *const commands[] = {
    &command_scan, &command_check, &command_show, &command_policy, &command_crl, &command_quarantine, &command_version, &command_docs, NULL,
};

static int unknown(const struct command *parent, const struct command *const *table, const char *word) {
    const struct command *near = command_nearest(table, word);
    const char *of = parent != NULL ? parent->name : "certban";
    return near != NULL ? command_usage(parent, "%s has no command \"%s\"; \"%s\" was meant?", of, word, near->name)
                        : command_usage(parent, "%s has no command \"%s\"", of, word);
}

/* Wrong numbers of arguments are the same for every command. */
static int run(const struct command *command, const struct options *options) {
    bool more = options->given[OPTION_FILES_FROM];
    const char *parent = command->parent != NULL ? command->parent->name : "";
    if (options->n_args < command->min_args && !more) {
        return command_usage(command, "%s%s%s needs %s", parent, parent[0] != '\0' ? " " : "", command->name, command->args);
    }
    if (options->n_args > command->max_args) {
        return command_usage(command, "%s%s%s takes no further argument \"%s\"", parent, parent[0] != '\0' ? " " : "", command->name,
                             options->args[command->max_args]);
    }
    return command->run(command, options);
}

/* A command that only has commands of its own, which are named. */
static int without_sub(const struct command *command) {
    struct text names = {0};
    for (size_t i = 0; command->sub[i] != NULL; i++) {
        text_addf(&names, "%s%s", i != 0 ? ", " : "", command->sub[i]->name);
    }
    int status = command_usage(command, "%s needs one of its commands: %s", command->name, text_c(&names));
    text_free(&names);
    return status;
}

/* The options that stand without a command: --help and --version. */
static int without_command(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        struct options none = {0};
        return command_version.run(&command_version, &none);
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help_program();
        return ui_finish(STATUS_FINE);
    }
    const char *near = argc > 1 ? options_nearest(argv[1]) : NULL;
    return near != NULL ? command_usage(NULL, "certban needs a command: certban COMMAND --%s was meant?", near)
                        : command_usage(NULL, "certban needs a command: scan, check, show …");
}

/* What was closed by the caller must not be taken by the first file or socket that is opened: reading or writing there stays an error. */
static void keep_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            return;
        }
    }
}

int main(int argc, char **argv) {
    keep_standard_descriptors();
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error like any other, */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    const char *words[3] = {NULL, NULL, NULL};
    size_t n = options_words(argc, argv, words, 3);
    if (n == 0) {
        return without_command(argc, argv);
    }
    bool help = strcmp(words[0], "help") == 0;
    if (help && n == 1) {
        help_program();
        return ui_finish(STATUS_FINE);
    }
    const char *const *word = help ? words + 1 : words;
    n -= help ? 1 : 0;
    size_t skip = help ? 2 : 1;
    const struct command *command = command_find(commands, word[0]);
    if (command == NULL) {
        return unknown(NULL, commands, word[0]);
    }
    if (command->sub != NULL && n > 1) {
        const struct command *sub = command_find(command->sub, word[1]);
        if (sub == NULL) {
            return unknown(command, command->sub, word[1]);
        }
        command = sub;
        skip++;
    }
    struct options options;
    int status = STATUS_USAGE;
    if (options_parse(argc, argv, skip, command, &options)) {
        if (help || options.given[OPTION_HELP]) {
            help_command(command);
            status = ui_finish(STATUS_FINE);
        } else if (options_ask_limits(&options)) {
            help_limits();
            status = ui_finish(STATUS_FINE);
        } else if (command->sub != NULL) {
            status = without_sub(command);
        } else {
            struct error err = {0};
            bool ok = config_apply(command, &options, &err) && options_belong(&options, command, &err);
            status = ok ? run(command, &options) : command_usage(command, "%s", err.text);
        }
    }
    options_free(&options);
    return status;
}
