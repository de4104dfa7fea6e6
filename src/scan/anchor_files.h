/* SPDX-License-Identifier: Apache-2.0 */
/* --anchors: the files are read by the main process, since readers can't open any. */
#ifndef CERTBAN_SCAN_ANCHOR_FILES_H
#define CERTBAN_SCAN_ANCHOR_FILES_H

#include "scan/examine.h"

/* anchor_files_read fills examiner->anchor_pems from the files that examiner->anchor_files names. After it, whatever it returned,
 * anchor_files_free. */
CERTBAN_MUST_USE bool anchor_files_read(struct examiner *examiner, struct error *err);
void anchor_files_free(struct examiner *examiner);

#endif
