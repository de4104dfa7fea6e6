/* SPDX-License-Identifier: Apache-2.0 */
/* certban docs: the tables of commands and options in the shapes that the build and packagers need. */
#include "cli/help.h"
#include "cli/ui.h"

static int run(const struct command *command, const struct options *options) {
    if (strcmp(options->args[0], "completion") == 0 && options->n_args == 1) {
        help_completion();
        return ui_finish(STATUS_FINE);
    }
    if (strcmp(options->args[0], "limits") == 0 && options->n_args == 1) {
        help_scdoc_limits();
        return ui_finish(STATUS_FINE);
    }
    if (strcmp(options->args[0], "options") != 0 || options->n_args < 2) {
        return command_usage(command, "docs needs \"completion\", \"limits\", or \"options COMMAND\"");
    }
    const struct command *of = command_find(commands, options->args[1]);
    if (of != NULL && options->n_args == 3) {
        of = of->sub != NULL ? command_find(of->sub, options->args[2]) : NULL;
    }
    if (of == NULL) {
        return command_usage(command, "there is no command \"%s\"", options->args[options->n_args - 1]);
    }
    help_scdoc(of);
    return ui_finish(STATUS_FINE);
}

const struct command command_docs = {
    .name = "docs",
    .args = "completion | limits | options COMMAND [SUBCOMMAND]",
    .help = "the shell completion, or the limits or a command's options as man page text",
    .examples = "  certban docs completion >~/.local/share/bash-completion/completions/certban",
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
