/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-commands of policy that have a file of their own. */
#ifndef CERTBAN_CLI_CMD_POLICY_H
#define CERTBAN_CLI_CMD_POLICY_H

#include "cli/command.h"

extern const struct command policy_check, policy_export, policy_import, policy_sign, policy_test, policy_update;

#endif
