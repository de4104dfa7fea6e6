/* SPDX-License-Identifier: Apache-2.0 */
/* Heap arrays that grow. */
#ifndef CERTBAN_LIST_ROOM_H
#define CERTBAN_LIST_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* room_make makes room for more elements behind the n that an array of *room has. False without memory: nothing changed then. */
static inline bool room_make(void **array, size_t *room, size_t n, size_t more, size_t size) {
    if (more <= *room - n) {
        return true;
    }
    size_t wanted = *room * 2 > n + more ? *room * 2 : n + more;
    void *fresh = reallocarray(*array, wanted, size);
    if (fresh == NULL) {
        return false;
    }
    *array = fresh;
    *room = wanted;
    return true;
}

#endif
