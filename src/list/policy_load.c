/* SPDX-License-Identifier: Apache-2.0 */
#include "list/files.h"
#include "list/policy.h"

bool policy_load(const char *path, struct policy **out, struct error *err) {
    struct bytes xml;
    if (!file_read_most(path, FILE_ANYBODYS, POLICY_SIZE_MAX, &xml, err)) {
        return error_within(err, "%s", path);
    }
    bool ok = policy_parse(xml, path, out, err);
    file_forget(xml);
    return ok;
}
