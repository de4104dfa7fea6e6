/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the text report that say why (report_text.c says what, and what to do next). */
#ifndef CERTBAN_CLI_REPORT_REASONS_H
#define CERTBAN_CLI_REPORT_REASONS_H

#include "cli/report.h"

/* report_line begins a line below that of the file. */
void report_line(struct text *out);

/* report_reasons appends the reasons, a line each: below the first line of a file, or behind the name of a member. */
void report_reasons(const struct report *report, struct text *out, const struct scan_file *file);

#endif
