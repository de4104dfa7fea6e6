/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

struct config {
    const struct command *command;
    struct options *options;
    bool from_line[OPTION_COUNT]; /* given on the command line: the file is silent about it */
    struct error *err;
    FILE *file;
    unsigned line;
};

static bool is_word(const char *value, const char *const *words) {
    for (; *words != NULL; words++) {
        if (strcasecmp(value, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* The row of that name that the command takes; else any row of that name; OPTION_COUNT when no option has it. */
static size_t row_of(option_set takes, const char *name) {
    size_t found = OPTION_COUNT;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(option_table[i].name, name) == 0) {
            found = (takes >> i & 1) != 0 || found == OPTION_COUNT ? i : found;
        }
    }
    return found;
}

static bool for_command(const struct command *command, const char *section) {
    return section[0] == '\0' || strcmp(section, command->name) == 0 ||
           (command->parent != NULL && strcmp(section, command->parent->name) == 0);
}

static bool set(struct config *config, size_t id, const char *value) {
    static const char *const yes[] = {"yes", "true", "on", "1", NULL}, *const no[] = {"no", "false", "off", "0", NULL};
    if (option_table[id].kind == TAKES_NOTHING) {
        config->options->given[id] = is_word(value, yes);
        return config->options->given[id] || is_word(value, no) ||
               error_set(config->err, ERR_USAGE, "%s is yes or no, not \"%s\"", option_table[id].name, value);
    }
    return options_set(config->options, id, value, config->err);
}

/* inih calls this for each line; 0 ends the reading. */
static int on_line(void *user, const char *section, const char *name, const char *value) {
    struct config *config = user;
    size_t id = row_of(config->command->takes, name);
    if (id == OPTION_COUNT || id == OPTION_HELP || id == OPTION_CONFIG) {
        return error_set(config->err, ERR_USAGE, "there is no option \"%s\"", name);
    }
    if (section[0] != '\0' && command_find(commands, section) == NULL) {
        return error_set(config->err, ERR_USAGE, "there is no command \"%s\" to be configured", section);
    }
    bool silent = config->from_line[id] || (id == OPTION_JSON && config->from_line[OPTION_FORMAT]);
    if (!for_command(config->command, section) || (config->command->takes >> id & 1) == 0 || silent) {
        return 1;
    }
    return set(config, id, value);
}

/* inih asks for the next line with this. It would go on with the rest of a line that is too long for it as if it were another: only
 * comments may be that long. */
static char *next_line(char *line, int size, void *stream) {
    struct config *config = stream;
    if (fgets(line, size, config->file) == NULL) {
        return NULL;
    }
    config->line++;
    size_t n = strlen(line);
    bool whole = n != 0 && (line[n - 1] == '\n' || n + 1 < (size_t)size), comment = strchr("#;", line[strspn(line, " \t")]) != NULL;
    int c = whole ? '\n' : getc(config->file);
    if (n == 0 || (c != '\n' && c != EOF && !comment)) {
        error_set(config->err, ERR_USAGE, "line %u is longer than %d bytes, or no text", config->line, size - 2);
        return NULL;
    }
    while (c != '\n' && c != EOF) {
        c = getc(config->file);
    }
    return line;
}

bool config_apply(const struct command *command, struct options *options, struct error *err) {
    bool named = options->given[OPTION_CONFIG];
    const char *path = named ? options->word[OPTION_CONFIG] : CONFIG_FILE;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return (errno == ENOENT && !named) || error_sys(err, errno, "can't read the configuration %s", path);
    }
    struct config config = {.command = command, .options = options, .err = err, .file = file};
    memcpy(config.from_line, options->given, sizeof config.from_line);
    error_clear(err);
    int line = ini_parse_stream(next_line, &config, on_line, &config);
    if (line == 0 && ferror(file) != 0) {
        error_sys(err, errno, "can't be read");
    }
    fclose(file);
    if (line != 0 && err->kind == ERR_NONE) {
        error_set(err, ERR_USAGE, "not of the form name = value");
    }
    if (line != 0) {
        return error_within(err, "%s, line %d", path, line);
    }
    return err->kind == ERR_NONE || error_within(err, "%s", path);
}
