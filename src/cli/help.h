/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTBAN_CLI_HELP_H
#define CERTBAN_CLI_HELP_H

#include "cli/command.h"

/* help_scdoc prints a command's options, or all about its sub-commands, as scdoc text for its man page. */
void help_scdoc(const struct command *command);

/* help_scdoc_limits prints the table of limits as scdoc text. */
void help_scdoc_limits(void);

/* help_completion prints the completion for bash. */
void help_completion(void);

#endif
