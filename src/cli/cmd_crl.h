/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-commands of crl that have a file of their own. */
#ifndef CERTBAN_CLI_CMD_CRL_H
#define CERTBAN_CLI_CMD_CRL_H

#include "base/text.h"
#include "cli/command.h"

extern const struct command crl_check, crl_fetch;

/* crl_folder is the folder that fetch fills and the others read without --crl: STATE/crl. */
CERTBAN_MUST_USE bool crl_folder(const struct options *options, struct text *out, struct error *err);

#endif
