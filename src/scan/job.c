/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/job.h"

#include "scan/disk_bundle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct job *job_new(struct folder *folder, struct bytes path) {
    struct job *job = malloc(sizeof *job + path.n + 1);
    if (job == NULL) {
        return NULL;
    }
    *job = (struct job){.folder = folder != NULL ? folder_ref(folder) : NULL, .file = FS_NONE, .rule = NO_RULE, .path_n = path.n};
    memcpy(job->path, path.p, path.n);
    job->path[path.n] = '\0';
    for (size_t i = 0; i < path.n; i++) {
        job->name_at = path.p[i] == '/' ? i + 1 : job->name_at;
    }
    return job;
}

void job_free(struct folders *folders, struct job *job) {
    if (job == NULL) {
        return;
    }
    fs_close(&job->file);
    folder_unref(folders, job->folder);
    text_free(&job->held);
    free(job);
}

void job_real(const struct job *job, struct text *out) {
    if (job->folder != NULL) {
        folder_real(job->folder, out);
        path_join(out, bytes_make(job->path + job->name_at, job->path_n - job->name_at));
        return;
    }
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)job->file.os);
    ssize_t n = job->file.os >= 0 ? readlink(link, target, sizeof target) : -1;
    text_add_bytes(out, n > 0 && target[0] == '/' ? bytes_make(target, (size_t)n) : job_path(job));
}

uint64_t job_size(const struct job *job) {
    return job->bundle != NULL ? job->bundle->size : job->identity.size;
}

uint32_t job_rule(const struct verdict *verdict) {
    if (verdict->decisive >= 0) {
        return verdict->matches[verdict->decisive].rule;
    }
    return verdict->has_member_rule ? verdict->member_rule : NO_RULE;
}

enum action job_wants(const struct verdict *verdict, enum action most) {
    enum action wanted = ACTION_REPORT;
    if (verdict->finding == FINDING_BANNED || verdict->finding == FINDING_LISTED) {
        wanted = verdict->action;
    } else if (verdict->finding == FINDING_SUSPICIOUS) {
        wanted = ACTION_FLAG;
    }
    return wanted < most ? wanted : most;
}
