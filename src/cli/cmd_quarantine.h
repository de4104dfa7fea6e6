/* SPDX-License-Identifier: Apache-2.0 */
/* What the sub-commands of quarantine share: the opened store, and where they write. */
#ifndef CERTBAN_CLI_CMD_QUARANTINE_H
#define CERTBAN_CLI_CMD_QUARANTINE_H

#include "cli/report.h"
#include "cli/ui.h"
#include "store/quarantine.h"

/* What a sub-command works with. */
struct session {
    const struct options *options;
    struct text state;
    struct quarantine *store;
    struct output output;
    bool json;
    int status;
};

/* session_begin opens the store. One that is not there holds nothing: *empty tells, and that is no error for who only looks. */
CERTBAN_MUST_USE bool session_begin(struct session *s, const struct options *options, bool *empty, struct error *err);

/* session_end closes all; session_refuse says why nothing was done, and ends. Both return the exit status. */
int session_end(struct session *s);
int session_refuse(struct session *s, const struct error *err);

/* session_state_path is a path in the state folder, as people read it. */
void session_state_path(const struct session *s, const char *name, struct text *out);

/* session_find is the item of that ID; NULL when there is none. */
const struct quarantine_item *session_find(const struct quarantine_listing *listing, const char *id);

extern const struct command quarantine_list_command, quarantine_show_command, quarantine_restore_command, quarantine_export_command,
    quarantine_purge_command, quarantine_verify_command;

#endif
