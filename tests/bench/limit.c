/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit THREADS FOLDER: the least that any scanner of a tree must do, as fast as it can be done: threads share one list of folders,
 * open every regular file below and read its first 4 KB. Prints how many files there were. tools/bench measures against it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 4096, THREADS_MAX = 64 };

struct waiting {
    struct waiting *next;
    char path[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct waiting *list;
static unsigned busy;
static unsigned long files;

static void push(const char *folder, const char *name) {
    size_t n = strlen(folder), m = strlen(name);
    struct waiting *w = malloc(sizeof *w + n + m + 2);
    if (w == NULL) {
        abort();
    }
    memcpy(w->path, folder, n);
    memcpy(w->path + n, "/", m != 0);
    memcpy(w->path + n + (m != 0), name, m + 1);
    pthread_mutex_lock(&lock);
    w->next = list;
    list = w;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

static unsigned long read_folder(const char *path) {
    unsigned long n = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            push(path, e->d_name);
        } else if (e->d_type == DT_REG) {
            char head[HEAD];
            int fd = openat(dirfd(folder), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
            n += fd >= 0 && pread(fd, head, sizeof head, 0) >= 0;
            close(fd);
        }
    }
    closedir(folder);
    return n;
}

static void *walk(void *unused) {
    unsigned long n = 0;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (list == NULL && busy != 0) {
            pthread_cond_wait(&more, &lock);
        }
        struct waiting *w = list;
        if (w == NULL) {
            break;
        }
        list = w->next;
        busy++;
        pthread_mutex_unlock(&lock);
        n += read_folder(w->path);
        free(w);
        pthread_mutex_lock(&lock);
        busy--;
    }
    files += n;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS_MAX];
    long n = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (n < 1 || n > THREADS_MAX) {
        fputs("usage: limit THREADS FOLDER\n", stderr);
        return 64;
    }
    push(argv[2], "");
    for (long i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, walk, NULL) != 0) {
            return 1;
        }
    }
    for (long i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%lu\n", files);
    return 0;
}
