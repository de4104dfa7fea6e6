/* SPDX-License-Identifier: Apache-2.0 */
/* What every command shares: words to people, the report's output, the policies of a run, the state folder. */
#ifndef CERTBAN_CLI_UI_H
#define CERTBAN_CLI_UI_H

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "list/search.h"

/* ui_say writes "certban: …" and a line end to standard error, with whatever could steer a terminal escaped. */
void ui_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ui_error is ui_say for an error; what names the thing it is about ("" when the error says it). */
void ui_error(const char *what, const struct error *err);

/* ui_finish flushes standard output; when something could not be written it says so and returns STATUS_NOT_EXAMINED, else status. A pipe
 * whose reader has seen enough is no error. */
int ui_finish(int status);

/* ui_color says whether colours are wanted on that stream: --color, NO_COLOR, TERM, and whether it is a terminal. */
bool ui_color(const struct options *options, FILE *stream);

/* ui_json says whether the report is wanted as JSON: --json or --format json. */
bool ui_json(const struct options *options);

/* ui_time writes seconds since 1970 as "2023-03-13T06:33:26Z" to out (24 bytes suffice until the year 9999); "" for none. */
enum { UI_TIME_SIZE = 32 };
void ui_time(int64_t time, char out[UI_TIME_SIZE]);

/* ui_state is the state folder: --state, CERTBAN_STATE, /var/lib/certban for root, $XDG_STATE_HOME/certban, ~/.local/state/certban.
 * False when nothing of all that is set. */
CERTBAN_MUST_USE bool ui_state(const struct options *options, struct text *out, struct error *err);

/* Where the report goes: standard output, a new file beside --output FILE which replaces it when all is written, or FILE itself where
 * it is a pipe or a device. */
struct output {
    FILE *stream;
    char *path, *temporary; /* NULL where nothing is replaced */
};
CERTBAN_MUST_USE bool output_open(const struct options *options, struct output *out, struct error *err);

/* output_finish writes out what is buffered and puts the file in place; with keep false it is removed instead. */
CERTBAN_MUST_USE bool output_finish(struct output *out, bool keep, struct error *err);

/* The list made of a run's policies, which it owns. */
struct policies {
    struct blocklist *list;
};

/* Where a run looks: the state folder, and those of the system's folders that CERTBAN_ETC moves. */
struct places {
    struct text state, policies, certs;
};
void places_free(struct places *places);

/* ui_etc is a folder or file of the system's configuration: /etc/certban/NAME, or below CERTBAN_ETC when that is set. */
void ui_etc(const char *name, struct text *out);

/* policies_search says where a run with these options looks for policies; places gets the paths, which must stay while the result is
 * used. False only without memory. */
CERTBAN_MUST_USE bool policies_search(const struct options *options, struct places *places, struct search *out, struct error *err);

/* policies_load reads all policies that policies_search names and seals the list. False at the first that can't be read: nothing may be
 * judged without it. policies_builtin reads the compiled-in ones only. */
CERTBAN_MUST_USE bool policies_load(const struct options *options, struct policies *out, struct error *err);
CERTBAN_MUST_USE bool policies_builtin(struct policies *out, struct error *err);

/* policies_revocations is no policy, only the revocation lists of --crl, else those of the folder otherwise, if there is one. */
CERTBAN_MUST_USE bool policies_revocations(const struct options *options, const char *otherwise, struct policies *out, struct error *err);
void policies_free(struct policies *policies);

/* policies_say_spared says on standard error which rules name what is on the never-ban list, where some do. */
void policies_say_spared(const struct blocklist *list);

#endif
