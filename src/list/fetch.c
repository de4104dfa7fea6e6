/* SPDX-License-Identifier: Apache-2.0 */
#include "list/fetch.h"

#include <strings.h>

enum { WHOLE_SECONDS = 600 };

bool fetch_is_url(const char *word) {
    return strstr(word, "://") != NULL;
}

#ifdef CERTBAN_CURL

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "list/address.h"

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
    __typeof__(curl_slist_append) *append;
    __typeof__(curl_slist_free_all) *free_all;
    __typeof__(curl_easy_cleanup) *cleanup;
};

static bool load(struct library *out, struct error *err) {
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"curl_global_init", &out->global_init}, {"curl_easy_init", &out->init},         {"curl_easy_setopt", &out->set},
                   {"curl_easy_perform", &out->perform},    {"curl_easy_strerror", &out->words},    {"curl_easy_cleanup", &out->cleanup},
                   {"curl_slist_append", &out->append},     {"curl_slist_free_all", &out->free_all}};
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

enum { CONNECT_SECONDS = 30, REDIRECTIONS = 5, STALLED_BYTES = 100, STALLED_SECONDS = 60 };

struct download {
    uint8_t *p;
    size_t n, room, max;
    bool too_long, private;
    struct curl_slist *headers;
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

/* libcurl's callback: every address that is connected to, be it that of a redirection, comes by here. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
    struct download *d = user;
    (void)purpose;
    if (address_is_private(&address->addr)) {
        d->private = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_numbers(const struct library *lib, CURL *curl, const struct fetch *rules) {
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {{CURLOPT_FOLLOWLOCATION, 1},
                   {CURLOPT_MAXREDIRS, REDIRECTIONS},
                   {CURLOPT_FAILONERROR, 1},
                   {CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS},
                   {CURLOPT_TIMEOUT, rules->seconds},
                   {CURLOPT_LOW_SPEED_LIMIT, STALLED_BYTES},
                   {CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS},
                   {CURLOPT_NOSIGNAL, 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (lib->set(curl, numbers[i].option, numbers[i].value) != CURLE_OK) {
            return false;
        }
    }
    return true;
}

static bool set_post(const struct library *lib, CURL *curl, const struct fetch *rules, struct download *d) {
    char header[128];
    if (rules->post.n == 0) {
        return true;
    }
    snprintf(header, sizeof header, "Content-Type: %s", rules->post_type);
    d->headers = lib->append(NULL, header);
    return d->headers != NULL && lib->set(curl, CURLOPT_POSTFIELDSIZE, (long)rules->post.n) == CURLE_OK &&
           lib->set(curl, CURLOPT_POSTFIELDS, rules->post.p) == CURLE_OK && lib->set(curl, CURLOPT_HTTPHEADER, d->headers) == CURLE_OK;
}

static bool set_options(const struct library *lib, CURL *curl, const char *url, const struct fetch *rules, struct download *d,
                        char *words) {
    const char *schemes = rules->http ? "http,https" : "https";
    return set_numbers(lib, curl, rules) && set_post(lib, curl, rules, d) && lib->set(curl, CURLOPT_URL, url) == CURLE_OK &&
           lib->set(curl, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK && lib->set(curl, CURLOPT_REDIR_PROTOCOLS_STR, schemes) == CURLE_OK &&
           lib->set(curl, CURLOPT_USERAGENT, "certban") == CURLE_OK && lib->set(curl, CURLOPT_ERRORBUFFER, words) == CURLE_OK &&
           lib->set(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK && lib->set(curl, CURLOPT_WRITEDATA, d) == CURLE_OK &&
           (!rules->public_only ||
            (lib->set(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK && lib->set(curl, CURLOPT_OPENSOCKETDATA, d) == CURLE_OK)) &&
           (rules->ca == NULL || lib->set(curl, CURLOPT_CAINFO, rules->ca) == CURLE_OK);
}

static bool is_allowed(const char *url, const struct fetch *rules) {
    return strncasecmp(url, "https://", strlen("https://")) == 0 || (rules->http && strncasecmp(url, "http://", strlen("http://")) == 0);
}

static bool failed(const char *url, const struct fetch *rules, const struct download *d, const char *words, struct error *err) {
    if (d->too_long) {
        return error_set(err, ERR_LIMIT, "%s: has more than %zu bytes", url, rules->size_max);
    }
    if (d->private) {
        return error_set(err, ERR_DENIED, "%s: leads to a private address (--allow-private lets it)", url);
    }
    return error_set(err, ERR_IO, "%s: %s", url, words);
}

bool fetch_get(const char *url, const struct fetch *rules, struct bytes *out, struct error *err) {
    struct download d = {.max = rules->size_max};
    char words[CURL_ERROR_SIZE] = "";
    struct library lib;
    if (!is_allowed(url, rules)) {
        return error_set(err, ERR_UNSUPPORTED, "%s: only %s fetched from", url, rules->http ? "http and https are" : "https is");
    }
    if (!load(&lib, err)) {
        return false;
    }
    CURL *curl = lib.init();
    bool ready = curl != NULL && set_options(&lib, curl, url, rules, &d, words);
    CURLcode code = ready ? lib.perform(curl) : CURLE_FAILED_INIT;
    if (curl != NULL) {
        lib.cleanup(curl);
    }
    lib.free_all(d.headers);
    if (code == CURLE_OK) {
        uint8_t *p = d.p != NULL ? d.p : malloc(1); /* an empty one is given back like any other */
        *out = bytes_make(p, d.n);
        return p != NULL || error_set(err, ERR_LIMIT, "%s: no memory for it", url);
    }
    free(d.p);
    return failed(url, rules, &d, words[0] != '\0' ? words : lib.words(code), err);
}

#else

bool fetch_get(const char *url, const struct fetch *rules, struct bytes *out, struct error *err) {
    (void)rules, (void)out;
    return error_set(err, ERR_UNSUPPORTED, "%s: this build can't fetch (it has no libcurl); fetch it and name the file", url);
}

#endif

bool fetch_url(const char *url, const char *ca, size_t size_max, struct bytes *out, struct error *err) {
    return fetch_get(url, &(struct fetch){.ca = ca, .size_max = size_max, .seconds = WHOLE_SECONDS}, out, err);
}
