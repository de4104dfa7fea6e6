/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/disk_bundle.h"
#include "scan/walk_state.h"

void walker_bundle(struct walker *walker, struct folder *folder, int fd) {
    struct walk *walk = walker->walk;
    const struct examiner *examiner = &walk->options->examiner;
    bool within = folder->bundle != NULL, asked = examiner->verify || examiner->describe;
    disk_bundle_find(walk->folders, folder, fd, &examiner->limits, asked);
    if (within || folder->bundle == NULL || !asked || folder->bundle->failure.kind != ERR_NONE) {
        return;
    }
    struct disk_bundle *bundle = folder->bundle;
    struct job *job = job_new(NULL, bytes_make(bundle->path.p, bundle->path.n));
    if (job == NULL || !disk_bundle_listing(bundle, &job->file, &job->identity, &bundle->failure)) {
        if (job == NULL) {
            error_set(&bundle->failure, ERR_LIMIT, "no memory for the bundle");
        }
        job_free(walk->folders, job);
        return;
    }
    job->bundle = bundle;
    job->alone = true;
    walk_give(walk, job);
}
