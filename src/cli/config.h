/* SPDX-License-Identifier: Apache-2.0 */
/* Options from a file: the same long names as on the command line, which wins over it. */
#ifndef CERTBAN_CLI_CONFIG_H
#define CERTBAN_CLI_CONFIG_H

#include "base/error.h"
#include "cli/command.h"

#define CONFIG_FILE "/etc/certban/certban.conf"

/*
 * config_apply reads --config FILE, or CONFIG_FILE where there is one, and fills in the options that the command line did not give.
 * Lines are "name = value"; those before the first [section] are for every command that takes them, those in [scan] for scan only.
 * An option that takes nothing is yes or no; one that may be given again has a line each time. False when there is something wrong
 * with the file: nothing may run under half of its configuration.
 */
CERTBAN_MUST_USE bool config_apply(const struct command *command, struct options *options, struct error *err);

#endif
