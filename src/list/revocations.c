/* SPDX-License-Identifier: Apache-2.0 */
#include "list/revocations_inside.h"

#include <stdlib.h>
#include <time.h>

#include "asn1/name.h"
#include "asn1/urls.h"
#include "base/hex.h"
#include "crypto/crl_verify.h"
#include "crypto/digest.h"
#include "list/crl_reason.h"
#include "list/files.h"
#include "list/room.h"

enum { WHO_SHOWN = 200, POINTS_MAX = 16 };

struct revocations *revocations_new(int64_t now) {
    struct revocations *set = calloc(1, sizeof *set);
    if (set != NULL) {
        set->now = now;
        set->arena = arena_make(SIZE_MAX);
        set->policy = (struct policy){
            .id = "crl", .title = "certificate revocation lists", .version_text = "1", .version = 1, .origin = "", .issued = INT64_MIN};
    }
    return set;
}

void revocations_free(struct revocations *set) {
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->n_contents; i++) {
        file_forget(set->contents[i]);
    }
    for (size_t i = 0; i < set->n_lists; i++) {
        free(set->lists[i]->issuers);
    }
    free(set->contents);
    free(set->lists);
    free(set->certs);
    free(set->slots);
    free(set->made);
    arena_free(&set->arena);
    free(set);
}

static bool no_memory(struct error *err) {
    return error_set(err, ERR_LIMIT, "no memory for revocation lists");
}

/* The walk stands behind an entry: how far from the beginning. */
static size_t walked(const struct crl *crl, const struct crl_walk *walk) {
    return crl->entries.n - walk->cursor.left.n;
}

static bool index_entry(struct revocations *set, size_t at, struct bytes serial, struct error *err) {
    if (set->n_slots == REVOCATIONS_MAX) {
        return error_set(err, ERR_LIMIT, "more than %d entries in all revocation lists", REVOCATIONS_MAX);
    }
    if (!room_make((void **)&set->slots, &set->room_slots, set->n_slots, 1, sizeof *set->slots)) {
        return no_memory(err);
    }
    set->slots[set->n_slots++] = (struct revocation_slot){bytes_head(serial), (uint32_t)set->n_lists, (uint32_t)at};
    return true;
}

/* Remembers from where on entries are about certificates of that issuer. */
static bool note_issuer(struct revocation_list *list, size_t at, struct bytes name, struct error *err) {
    if (!room_make((void **)&list->issuers, &list->room_issuers, list->n_issuers, 1, sizeof *list->issuers)) {
        return no_memory(err);
    }
    list->issuers[list->n_issuers++] = (struct revocation_issuer){at, name, name_hash(name)};
    return true;
}

/* Whether the list may speak of the entry's certificate. */
static bool may_speak(const struct revocation_list *list, const struct crl_entry *entry) {
    return entry->issuer.p == list->crl.issuer.p || list->crl.indirect || name_equal(entry->issuer, list->crl.issuer);
}

bool revocations_index(struct revocations *set, struct revocation_list *list, size_t *foreign, size_t *broken, struct error *err) {
    struct crl_walk walk = crl_walk_begin(&list->crl);
    struct crl_entry entry;
    struct bytes issuer = list->crl.issuer;
    size_t before = set->n_slots;
    bool ok = room_make((void **)&set->lists, &set->room_lists, set->n_lists, 1, sizeof(void *)) || no_memory(err);
    *foreign = *broken = 0;
    for (size_t at = 0; ok && crl_next(&walk, &entry, err); at = walked(&list->crl, &walk)) {
        ok = entry.issuer.p == issuer.p || note_issuer(list, at, entry.issuer, err);
        issuer = entry.issuer;
        if (ok && entry.unknown_critical) {
            ok = error_set(err, ERR_UNSUPPORTED, "entry %zu has a critical extension that is not known", entry.number);
        } else if (entry.serial.n == 0 || entry.serial.n > REVOCATION_SERIAL_MAX || entry.issuer.n == 0) {
            ++*broken;
        } else if (!may_speak(list, &entry)) {
            ++*foreign;
        } else {
            ok = ok && index_entry(set, at, entry.serial, err);
        }
    }
    if (!ok || walk.cursor.failed) {
        set->n_slots = before;
        free(list->issuers);
        return false;
    }
    list->entries = set->n_slots - before;
    set->lists[set->n_lists++] = list;
    return true;
}

static const struct crl *crl_of(const struct revocations *set, const struct revocation_slot *slot) {
    return &set->lists[slot->list]->crl;
}

/* SEQUENCE { userCertificate INTEGER, … }: it was read before. */
static struct bytes serial_of(const struct revocations *set, const struct revocation_slot *slot) {
    struct bytes entries = crl_of(set, slot)->entries;
    struct der entry, serial;
    if (!der_read(bytes_cut(entries, slot->at, entries.n), &entry, NULL) || !der_read(entry.content, &serial, NULL)) {
        return bytes_none();
    }
    return der_serial(serial.content);
}

/* Who issued the entry's certificate: the list's issuer, or whom the entry, or the last one before it that names anybody, names. */
static struct revocation_issuer issuer_of(const struct revocations *set, const struct revocation_slot *slot) {
    const struct revocation_list *list = set->lists[slot->list];
    size_t low = 0, high = list->n_issuers;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->issuers[middle].at <= slot->at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low != 0 ? list->issuers[low - 1] : (struct revocation_issuer){0, list->crl.issuer, list->issuer};
}

/* By serial, then as the lists were read; in a list by the certificate's issuer. */
static int slot_order(const void *left, const void *right, void *user) {
    const struct revocation_slot *a = left, *b = right;
    const struct revocations *set = user;
    int order = a->head < b->head ? -1 : a->head > b->head;
    order = order != 0 ? order : bytes_order(serial_of(set, a), serial_of(set, b));
    order = order != 0 ? order : a->list < b->list ? -1 : a->list > b->list;
    if (order == 0 && set->lists[a->list]->n_issuers != 0) {
        uint64_t left_hash = issuer_of(set, a).hash, right_hash = issuer_of(set, b).hash;
        order = left_hash < right_hash ? -1 : left_hash > right_hash;
    }
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

/* A certificate that stands twice in one list counts once: else one list could make every question long. */
static void drop_copies(struct revocations *set) {
    size_t kept = 0;
    for (size_t i = 0; i < set->n_slots; i++) {
        const struct revocation_slot *last = kept != 0 ? &set->slots[kept - 1] : NULL;
        if (last == NULL || last->list != set->slots[i].list || last->head != set->slots[i].head ||
            !bytes_equal(serial_of(set, last), serial_of(set, &set->slots[i])) ||
            issuer_of(set, last).hash != issuer_of(set, &set->slots[i]).hash) {
            set->slots[kept++] = set->slots[i];
        }
    }
    set->n_slots = kept;
}

/* Lists of one key about the same certificates, of which the newest says what holds. */
static bool succeeds(const struct crl *newer, const struct crl *older) {
    return !newer->delta && newer->this_update > older->this_update && name_equal(newer->issuer, older->issuer) &&
           bytes_equal(newer->key_id, older->key_id) && bytes_equal(newer->scope, older->scope);
}

static void link_successors(struct revocations *set) {
    for (size_t i = 0; i < set->n_lists; i++) {
        struct revocation_list *list = set->lists[i];
        for (size_t k = 0; k < set->n_lists; k++) {
            struct revocation_list *other = set->lists[k], *so_far = list->successor != NULL ? list->successor : list;
            if (list->issuer == other->issuer && succeeds(&other->crl, &list->crl) && other->crl.this_update > so_far->crl.this_update) {
                list->successor = other;
            }
        }
    }
}

bool revocations_seal(struct revocations *set, uint32_t first, struct error *err) {
    if (set->n_slots > UINT32_MAX - 1 - first) {
        return error_set(err, ERR_LIMIT, "too many rules and revocations together");
    }
    if (set->n_slots != 0) {
        qsort_r(set->slots, set->n_slots, sizeof *set->slots, slot_order, set);
    }
    drop_copies(set);
    set->made = calloc(set->n_slots + 1, sizeof(void *));
    if (set->made == NULL) {
        return no_memory(err);
    }
    link_successors(set);
    set->policy.n_rules = set->n_slots;
    set->first = first;
    set->sealed = true;
    return true;
}

struct revocation_list *revocations_list(const struct revocations *set, size_t i) {
    return i < set->n_lists ? set->lists[i] : NULL;
}

size_t revocations_count(const struct revocations *set) {
    return set->n_slots;
}

const struct policy *revocations_policy(const struct revocations *set) {
    return &set->policy;
}

size_t revocations_find(const struct revocations *set, struct bytes issuer, struct bytes serial, size_t from) {
    uint64_t head = bytes_head(serial);
    size_t low = from, high = set->n_slots;
    if (!set->sealed) {
        return set->n_slots;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->slots[middle].head < head) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < set->n_slots && set->slots[low].head == head; low++) {
        if (bytes_equal(serial_of(set, &set->slots[low]), serial) && name_equal(issuer_of(set, &set->slots[low]).name, issuer)) {
            return low;
        }
    }
    return set->n_slots;
}

static void add_day(struct text *out, int64_t seconds) {
    time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm) != NULL) {
        text_addf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    }
}

/* "revoked by Example CA on 2024-01-31, bad since 2023-12-01: key compromise" */
static const char *reason_of(struct arena *arena, const struct revocation_list *list, const struct crl_entry *entry) {
    const char *words = crl_reason_row(entry->reason)->words;
    struct text text = {0};
    text_addf(&text, "revoked by %.*s on ", WHO_SHOWN, list->who);
    add_day(&text, entry->revoked_at);
    if (entry->invalid_since < entry->revoked_at) {
        text_add(&text, ", bad since ");
        add_day(&text, entry->invalid_since);
    }
    text_addf(&text, "%s%s%s", words[0] != '\0' ? ": " : "", words, list->stale ? "; the list is out of date" : "");
    struct bytes copy;
    bool ok = text_ok(&text) && arena_copy(arena, bytes_make(text.p, text.n), &copy, NULL);
    text_free(&text);
    return ok ? (const char *)copy.p : NULL;
}

static struct rule *make(struct revocations *set, size_t place) {
    const struct revocation_slot *slot = &set->slots[place];
    struct revocation_list *list = set->lists[slot->list];
    struct crl_walk walk = crl_walk_at(&list->crl, slot->at);
    struct crl_entry entry;
    struct rule *rule = arena_alloc(&set->arena, sizeof *rule);
    struct key *key = arena_alloc(&set->arena, sizeof *key);
    if (rule == NULL || key == NULL || !crl_next(&walk, &entry, NULL) || entry.serial.n > REVOCATION_SERIAL_MAX) {
        return NULL;
    }
    char *id = arena_alloc(&set->arena, 2 * entry.serial.n + 1);
    const char *reason = reason_of(&set->arena, list, &entry);
    if (id == NULL || reason == NULL) {
        return NULL;
    }
    hex_encode(entry.serial, id);
    *key = (struct key){.kind = KEY_SERIAL, .role = ROLE_ANY, .value = entry.serial, .issuer = issuer_of(set, slot).name, .rule = rule};
    key->issuer_common_name = key->organization = key->issuer_organization = bytes_none();
    *rule = (struct rule){.number = set->first + (uint32_t)place,
                          .id = id,
                          .policy = &set->policy,
                          .action = crl_reason_row(entry.reason)->action,
                          .severity = crl_reason_row(entry.reason)->severity,
                          .confidence = CONFIDENCE_HIGH,
                          .expires = INT64_MAX,
                          .reason = reason,
                          .reference = list->name,
                          .keys = key,
                          .n_keys = 1,
                          .only = {.has_after = true, .signed_after = crl_since(&entry)},
                          .revoked_by = list,
                          .revoked_for = entry.reason};
    return rule;
}

const struct rule *revocations_rule(struct revocations *set, size_t place) {
    if (!set->sealed || place >= set->n_slots) {
        return NULL;
    }
    if (set->made[place] == NULL) {
        set->made[place] = make(set, place);
    }
    return set->made[place];
}

enum check revocation_list_signed_by(struct revocation_list *list, const struct cert *issuer) {
    uint8_t key[HASH_SIZE_MAX];
    if (issuer->broken || !name_equal(issuer->subject, list->crl.issuer) || !digest_bytes(HASH_SHA256, issuer->spki, key, NULL)) {
        return CHECK_NONE;
    }
    if (!list->asked || memcmp(list->asked_key, key, sizeof list->asked_key) != 0) {
        list->answer = crl_signed_by(&list->crl, issuer);
        memcpy(list->asked_key, key, sizeof list->asked_key);
        list->asked = true;
    }
    return list->answer;
}

/* A list made for one distribution point speaks of those certificates that name it. */
static bool shares_point(const struct crl *crl, const struct cert *cert) {
    struct bytes of_list[POINTS_MAX], of_cert[POINTS_MAX];
    size_t n = urls_of_names(crl->points, of_list, POINTS_MAX), m = urls_of_crls(cert, of_cert, POINTS_MAX);
    for (size_t i = 0; i < n * m; i++) {
        if (bytes_equal(of_list[i / m], of_cert[i % m])) {
            return true;
        }
    }
    return crl->points.n == 0;
}

static bool speaks_of(const struct revocation_list *list, const struct cert *cert, uint64_t issuer) {
    const struct crl *crl = &list->crl;
    bool issuers = list->issuer == issuer || (crl->indirect && crl_issuer_is_named(cert, crl->issuer));
    return issuers && !list->stale && !crl->delta && !crl->partial && !(cert->is_ca ? crl->users_only : crl->authorities_only) &&
           shares_point(crl, cert);
}

size_t revocations_speaking(const struct revocations *set, const struct cert *cert, size_t from) {
    uint64_t issuer = name_hash(cert->issuer);
    for (size_t i = from; i < set->n_lists; i++) {
        if (speaks_of(set->lists[i], cert, issuer)) {
            return i;
        }
    }
    return SIZE_MAX;
}

const struct cert *revocations_certs(const struct revocations *set, size_t *n) {
    *n = set->n_certs;
    return set->certs;
}
