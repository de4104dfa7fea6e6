/* SPDX-License-Identifier: Apache-2.0 */
#include "list/fetch.h"

#include <strings.h>

bool fetch_is_url(const char *word) {
    return strstr(word, "://") != NULL;
}

#ifdef CERTBAN_CURL

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>

/*
 * libcurl is loaded when something is fetched, and never else: it brings two dozen libraries, which would cost every start 14 ms
 * and stand in the memory of processes that read hostile files.
 */
#define LIBRARY "libcurl.so.4"

struct library {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_setopt) *set;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_strerror) *words;
    __typeof__(curl_easy_cleanup) *cleanup;
};

static bool load(struct library *out, struct error *err) {
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"curl_global_init", &out->global_init}, {"curl_easy_init", &out->init},      {"curl_easy_setopt", &out->set},
                   {"curl_easy_perform", &out->perform},    {"curl_easy_strerror", &out->words}, {"curl_easy_cleanup", &out->cleanup}};
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* stays loaded */
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = library != NULL ? dlsym(library, symbols[i].name) : NULL;
        if (symbol == NULL) {
            return error_set(err, ERR_UNSUPPORTED, "to fetch, certban needs " LIBRARY "; install it, or fetch it and name the file");
        }
        memcpy(symbols[i].to, &symbol, sizeof symbol); /* a function's address, which C has no other way to take from void * */
    }
    return out->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK || error_set(err, ERR_UNSUPPORTED, LIBRARY " can't be started");
}

enum { CONNECT_SECONDS = 30, WHOLE_SECONDS = 600, REDIRECTIONS = 5, STALLED_BYTES = 100, STALLED_SECONDS = 60 };

struct download {
    uint8_t *p;
    size_t n, room, max;
    bool too_long;
};

/* libcurl's callback: anything but the size given ends the transfer. */
static size_t on_data(char *data, size_t size, size_t count, void *user) {
    struct download *d = user;
    size_t n = size * count;
    if (n > d->max - d->n) {
        d->too_long = true;
        return 0;
    }
    if (d->n + n > d->room) {
        size_t room = d->room * 2 > d->n + n ? d->room * 2 : d->n + n;
        uint8_t *p = realloc(d->p, room);
        if (p == NULL) {
            return 0;
        }
        d->p = p;
        d->room = room;
    }
    memcpy(d->p + d->n, data, n);
    d->n += n;
    return n;
}

static bool set_options(const struct library *lib, CURL *curl, const char *url, const char *ca, struct download *d, char *words) {
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {{CURLOPT_FOLLOWLOCATION, 1},
                   {CURLOPT_MAXREDIRS, REDIRECTIONS},
                   {CURLOPT_FAILONERROR, 1},
                   {CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS},
                   {CURLOPT_TIMEOUT, WHOLE_SECONDS},
                   {CURLOPT_LOW_SPEED_LIMIT, STALLED_BYTES},
                   {CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS},
                   {CURLOPT_NOSIGNAL, 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (lib->set(curl, numbers[i].option, numbers[i].value) != CURLE_OK) {
            return false;
        }
    }
    return lib->set(curl, CURLOPT_URL, url) == CURLE_OK && lib->set(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           lib->set(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK && lib->set(curl, CURLOPT_USERAGENT, "certban") == CURLE_OK &&
           lib->set(curl, CURLOPT_ERRORBUFFER, words) == CURLE_OK && lib->set(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           lib->set(curl, CURLOPT_WRITEDATA, d) == CURLE_OK && (ca == NULL || lib->set(curl, CURLOPT_CAINFO, ca) == CURLE_OK);
}

bool fetch_url(const char *url, const char *ca, size_t size_max, struct bytes *out, struct error *err) {
    struct download d = {.max = size_max};
    char words[CURL_ERROR_SIZE] = "";
    struct library lib;
    if (strncasecmp(url, "https://", strlen("https://")) != 0) {
        return error_set(err, ERR_UNSUPPORTED, "%s: only https is fetched from", url);
    }
    if (!load(&lib, err)) {
        return false;
    }
    CURL *curl = lib.init();
    bool ready = curl != NULL && set_options(&lib, curl, url, ca, &d, words);
    CURLcode code = ready ? lib.perform(curl) : CURLE_FAILED_INIT;
    if (curl != NULL) {
        lib.cleanup(curl);
    }
    if (code == CURLE_OK) {
        *out = bytes_make(d.p, d.n);
        return true;
    }
    free(d.p);
    if (d.too_long) {
        return error_set(err, ERR_LIMIT, "%s: has more than %zu bytes", url, size_max);
    }
    return error_set(err, ERR_IO, "%s: %s", url, words[0] != '\0' ? words : lib.words(code));
}

#else

bool fetch_url(const char *url, const char *ca, size_t size_max, struct bytes *out, struct error *err) {
    (void)ca, (void)size_max, (void)out;
    return error_set(err, ERR_UNSUPPORTED, "%s: this build can't fetch (it has no libcurl); fetch it and name the file", url);
}

#endif
