/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for signatures that no structure of a file points to. In a file without a signature all that is found is one. In one that has
 * signatures of its own, and in base64, much is found that is nobody's business (programs that a setup carries, the roots that a browser
 * trusts): only what a rule names is kept, as a carved signature, which lists the file and moves nothing.
 */
#ifndef CERTBAN_SCAN_CARVED_H
#define CERTBAN_SCAN_CARVED_H

#include "scan/exam.h"

/* carved_add searches both ends of the file. What goes wrong makes it unreadable. */
void carved_add(struct exam *exam);

/* carved_named keeps of all that the file holds only what a rule names. */
void carved_named(struct exam *exam);

/* carved_behind_zip looks for what a rule names where nothing is a member's: in the comment of a ZIP archive, and behind that, as the
 * signature of a Silverlight package (.xap) stands. tail is the file's end. */
void carved_behind_zip(struct exam *exam, struct bytes tail);

/* carved_behind_archive does so behind the end of an archive, where that can be found. */
void carved_behind_archive(struct exam *exam, const struct probe *probe);

#endif
