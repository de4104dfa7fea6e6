/* SPDX-License-Identifier: Apache-2.0 */
/* show --online: what the responders of certificates say of them now (OCSP). Nothing is decided by it: it is for the person who looks. */
#ifndef CERTBAN_CLI_ONLINE_H
#define CERTBAN_CLI_ONLINE_H

#include "cli/options.h"
#include "scan/scan.h"

/* The answers of a run: each certificate is asked about once. online_free takes NULL. */
struct online;
struct online *online_new(const struct options *options);
void online_free(struct online *online);

/* online_ask puts into each certificate of the file that gives an address, and whose issuer is known, what its responder says
 * (cert_info.ocsp). The words stand as long as the run's answers. */
void online_ask(struct online *online, const struct scan_file *file);

#endif
