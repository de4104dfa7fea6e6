/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/ui.h"

const struct command *command_find(const struct command *const *table, const char *name) {
    for (; *table != NULL; table++) {
        if (strcmp((*table)->name, name) == 0) {
            return *table;
        }
    }
    return NULL;
}

const struct command *command_nearest(const struct command *const *table, const char *name) {
    const struct command *best = NULL;
    unsigned best_distance = 4;
    for (; *table != NULL; table++) {
        unsigned distance = edit_distance((*table)->name, name);
        if (distance < best_distance && 2 * distance < strlen((*table)->name) + 1) {
            best = *table;
            best_distance = distance;
        }
    }
    return best;
}

int command_usage(const struct command *command, const char *format, ...) {
    char sentence[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    ui_say("%s", sentence);
    const char *parent = command != NULL && command->parent != NULL ? command->parent->name : "";
    ui_say("help: certban%s%s%s%s --help", parent[0] != '\0' ? " " : "", parent, command != NULL ? " " : "",
           command != NULL ? command->name : "");
    return STATUS_USAGE;
}
