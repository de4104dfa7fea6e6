/* SPDX-License-Identifier: Apache-2.0 */
/* --help, the OPTIONS of the man pages and the shell completion: three ways to print the same two tables. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { NAME_COLUMN = 28, COMMAND_COLUMN = 12, LIMIT_COLUMN = 22 };

static void spaces(size_t from, size_t to) {
    printf("%*s", from < to ? (int)(to - from) : 1, "");
}

static void print_name(const struct command *command) {
    printf("certban %s%s%s", command->parent != NULL ? command->parent->name : "", command->parent != NULL ? " " : "", command->name);
}

void help_program(void) {
    puts("certban finds every program and installer that was signed with a banned code-signing certificate, proves it, and\n"
         "quarantines or flags it.\n\nUsage: certban COMMAND [OPTION…] ARGUMENT…\n\nCommands:");
    for (const struct command *const *c = commands; *c != NULL; c++) {
        printf("  %s", (*c)->name);
        spaces(strlen((*c)->name), COMMAND_COLUMN);
        puts((*c)->help);
    }
    puts("\nExamples:\n"
         "  certban scan ~/Downloads              look, change nothing\n"
         "  certban check setup.exe               a verdict as exit status\n"
         "  certban show setup.exe                all about its signatures\n"
         "  certban scan --action quarantine /srv move banned files away (certban quarantine restore brings them back)\n"
         "\nExit status: 0 nothing banned, 1 something is banned or listed, 2 something could not be examined, 3 an action\n"
         "failed, 64 wrong usage. Help for a command: certban COMMAND --help");
}

static void print_options(const struct command *command) {
    option_set takes = command->takes | TAKE_ALWAYS;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_table[i];
        if ((takes >> i & 1) == 0) {
            continue;
        }
        struct text name = {0};
        if (row->letter != 0) {
            text_addf(&name, "-%c, ", row->letter);
        }
        text_addf(&name, "%s--%s", row->letter != 0 ? "" : "    ", row->name);
        if (row->argument != NULL) {
            text_addf(&name, " %s", row->argument);
        }
        printf("  %s", text_c(&name));
        if (name.n > NAME_COLUMN - 1) {
            printf("\n  ");
        }
        spaces(name.n > NAME_COLUMN - 1 ? 0 : name.n, NAME_COLUMN);
        puts(row->help);
        text_free(&name);
    }
}

void help_command(const struct command *command) {
    printf("Usage: ");
    print_name(command);
    printf("%s [OPTION…]%s%s\n\n%s\n", command->sub != NULL ? " COMMAND" : "", command->sub == NULL && command->args[0] != '\0' ? " " : "",
           command->sub == NULL ? command->args : "", command->help);
    if (command->more != NULL) {
        printf("\n%s\n", command->more);
    }
    if (command->sub != NULL) {
        puts("\nCommands:");
        for (const struct command *const *c = command->sub; *c != NULL; c++) {
            printf("  %s", (*c)->name);
            spaces(strlen((*c)->name), COMMAND_COLUMN);
            puts((*c)->help);
        }
    }
    puts("\nOptions (they may stand anywhere; -- ends them):");
    print_options(command);
    if (command->examples != NULL) {
        printf("\nExamples:\n%s\n", command->examples);
    }
}

/* The numbers of a limit as a user may write them. */
struct limit_words {
    char usual[LIMIT_TEXT_SIZE], least[LIMIT_TEXT_SIZE], greatest[LIMIT_TEXT_SIZE];
};

static struct limit_words words_of(enum limit which) {
    struct limit_words words = {.usual = ""};
    limit_text(words.usual, which, limit_table[which].usual);
    limit_text(words.least, which, limit_table[which].least);
    limit_text(words.greatest, which, limit_table[which].greatest);
    return words;
}

void help_limits(void) {
    puts("What one file may cost, and what a run may. Past a limit it is unreadable with the limit's name, and so is all that it lies in.\n"
         "--limit NAME=N sets one (N may end in K, M, G or T), as often as needed.\n");
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        struct limit_words n = words_of(i);
        printf("  %-*s%-7s %s (%s to %s)\n", LIMIT_COLUMN, limit_table[i].name, n.usual, limit_table[i].what, n.least, n.greatest);
    }
}

/* scdoc takes * _ \ and so on as its own. */
static void print_scdoc(const char *s) {
    for (; *s != '\0'; s++) {
        if (strchr("\\*_#[]|~+`<", *s) != NULL) {
            putchar('\\');
        }
        putchar(*s);
    }
}

static void scdoc_options(const struct command *command) {
    option_set takes = command->takes | TAKE_ALWAYS;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_table[i];
        if ((takes >> i & 1) == 0) {
            continue;
        }
        if (row->letter != 0) {
            printf("*-%c*, ", row->letter);
        }
        printf("*--%s*", row->name);
        if (row->argument != NULL) {
            putchar(' ');
            print_scdoc(row->argument);
        }
        printf("\n\t");
        print_scdoc(row->help);
        puts("\n");
    }
}

void help_scdoc(const struct command *command) {
    if (command->sub == NULL) {
        scdoc_options(command);
        return;
    }
    for (const struct command *const *c = command->sub; *c != NULL; c++) {
        printf("## %s ", (*c)->name);
        print_scdoc((*c)->args);
        printf("\n\n");
        print_scdoc((*c)->help);
        puts(".\n");
        if ((*c)->more != NULL) {
            print_scdoc((*c)->more);
            puts("\n");
        }
        scdoc_options(*c);
    }
}

void help_scdoc_limits(void) {
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        struct limit_words n = words_of(i);
        printf("*%s* (%s; %s to %s)\n\t", limit_table[i].name, n.usual, n.least, n.greatest);
        print_scdoc(limit_table[i].what);
        printf("%s%s%s\n\n", limit_table[i].option != NULL ? " (*--" : "", limit_table[i].option != NULL ? limit_table[i].option : "",
               limit_table[i].option != NULL ? "*)" : "");
    }
}

/* One case of the completion: the words of a command's options, and the choices of those that have some. */
static void complete_options(const struct command *command, const char *name) {
    printf("    '%s') options='", name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (((command->takes | TAKE_ALWAYS) >> i & 1) != 0) {
            printf("--%s ", option_table[i].name);
        }
    }
    printf("'; commands='");
    for (const struct command *const *c = command->sub; c != NULL && *c != NULL; c++) {
        printf("%s ", (*c)->name);
    }
    puts("' ;;");
}

void help_completion(void) {
    puts("# bash completion for certban, made from its tables by: certban docs completion\n"
         "_certban() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= options= commands= w\n"
         "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $w in -*) ;; *) command=\"${command:+$command }$w\" ;; esac\n"
         "  done\n"
         "  case $before in");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (option_table[i].kind == TAKES_CHOICE) {
            printf("    --%s) mapfile -t COMPREPLY < <(compgen -W '", option_table[i].name);
            for (const char *s = option_table[i].argument; *s != '\0'; s++) {
                putchar(*s == '|' ? ' ' : *s);
            }
            puts("' -- \"$word\"); return ;;");
        }
    }
    puts("  esac\n"
         "  while :; do\n"
         "    case $command in");
    printf("    '') options='--help --version'; commands='");
    for (const struct command *const *c = commands; *c != NULL; c++) {
        printf("%s ", (*c)->name);
    }
    puts("help' ;;");
    for (const struct command *const *c = commands; *c != NULL; c++) {
        complete_options(*c, (*c)->name);
        for (const struct command *const *s = (*c)->sub; s != NULL && *s != NULL; s++) {
            struct text name = {0};
            text_addf(&name, "%s %s", (*c)->name, (*s)->name);
            complete_options(*s, text_c(&name));
            text_free(&name);
        }
    }
    puts("    *' '*) command=${command% *}; continue ;; # arguments behind the command's words\n"
         "    esac\n"
         "    break\n"
         "  done\n"
         "  case $word in\n"
         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;;\n"
         "    *) mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
         "       [ -n \"$commands\" ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _certban certban");
}
