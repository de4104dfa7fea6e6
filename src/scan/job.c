/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/job.h"

#include "scan/disk_bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* What may be read with files beside it: a cabinet that says that it is one of a set ([MS-CAB]: 30 u16 flags, 1 and 2), and a compound
 * file, which may be a package with cabinets. */
static bool may_have_parts(struct bytes head) {
    return (bytes_starts(head, bytes_text("MSCF")) && head.n > 30 && (head.p[30] & 3) != 0) ||
           bytes_starts(head, bytes_text("\xd0\xcf\x11\xe0"));
}

/* Archives that are long about, by how they begin. What is missing here is only shared out worse. */
static bool begins_packed(struct bytes head) {
    static const char *const beginnings[] = {"MSCF", "\x37z\xbc\xaf", "\x1f\x8b", "\xfd\x37zXZ", "BZh", "Rar!", "xar!"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (bytes_starts(head, bytes_text(beginnings[i]))) {
            return true;
        }
    }
    return false;
}

void job_known(struct job *job, struct bytes head, struct bytes trailer) {
    job->alone = job->alone || may_have_parts(head);
    job->can_be_sliced = bytes_starts(head, bytes_text("PK\3\4")) || bytes_starts(head, bytes_text("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) ||
                         bytes_starts(trailer, bytes_text("koly"));
    job->is_packed = job->can_be_sliced || begins_packed(head);
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
    char *path = fs_path_of(job->file, job->path);
    text_add_bytes(out, path != NULL ? bytes_text(path) : job_path(job));
    free(path);
}

/* The name as the folder has it, where only the case differs. */
static void find_name(int folder, char name[NAME_MAX + 1]) {
    DIR *dir = fdopendir(fcntl(folder, F_DUPFD_CLOEXEC, 3));
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcasecmp(entry->d_name, name) == 0) {
            snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
            break;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

bool job_open_beside(const struct job *job, struct bytes asked, struct handle *file, struct fs_identity *identity, struct error *err) {
    char name[NAME_MAX + 1], path[PATH_MAX];
    if (asked.n == 0 || asked.n > NAME_MAX || job->name_at >= sizeof path || bytes_find(asked, bytes_text("/"), 0) != asked.n ||
        bytes_find(asked, bytes_make("", 1), 0) != asked.n || bytes_is(asked, ".") || bytes_is(asked, "..")) {
        return error_sys(err, ENOENT, "can't open a file beside it"); /* no folder has an entry of such a name */
    }
    snprintf(name, sizeof name, "%.*s", (int)asked.n, (const char *)asked.p);
    snprintf(path, sizeof path, "%.*s", job->name_at != 0 ? (int)job->name_at : 1, job->name_at != 0 ? job->path : ".");
    struct handle folder = {open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.os < 0) {
        return error_sys(err, errno, "can't open the folder");
    }
    bool ok = fs_open_in(folder, name, file, identity, err);
    if (!ok && err->sys == ENOENT) {
        find_name((int)folder.os, name);
        ok = fs_open_in(folder, name, file, identity, err);
    }
    fs_close(&folder);
    if (ok && identity->kind != FS_REGULAR) {
        fs_close(file);
        return error_sys(err, EISDIR, "what is beside it is no file");
    }
    return ok;
}

uint64_t job_size(const struct job *job) {
    return job->bundle != NULL ? job->bundle->size : job->identity.size;
}

uint64_t job_extent(const struct job *job) {
    return job->bundle != NULL ? job->bundle->size : fs_extent(&job->identity);
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
