/* SPDX-License-Identifier: Apache-2.0 */
/* The name of ZIP archives in reports. What an archive holds is looked at by its container (source/zip.c); it has no signature that
 * covers it whole. Formats that are ZIP underneath and do have one stand before it in the table. */
#include "source/zip.h"
#include "format/format.h"

static bool probe(const struct probe *probe) {
    return probe->size >= ZIP_END_SIZE && probe_zip(probe);
}

const struct format format_zip = {
    .name = "zip",
    .long_name = "ZIP archive",
    .unsigned_itself = true,
    .members_only = true,
    .acts_on_members = true,
    .probe = probe,
};
