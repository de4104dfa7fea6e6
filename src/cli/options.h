/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the program in one table. getopt_long, --help, the shell completion and the man pages all come from it. */
#ifndef CERTBAN_CLI_OPTIONS_H
#define CERTBAN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/limits.h"

/* What an option takes: nothing, one word (the last one counts), one of several words, a number, a number of bytes (500M), a word
 * each time it is given. */
enum option_kind { TAKES_NOTHING, TAKES_WORD, TAKES_CHOICE, TAKES_NUMBER, TAKES_SIZE, TAKES_WORDS };

/* An option that raises or lowers a limit, from the table of limits. */
#define OPTION_OF_LIMIT(X, id, name, kind, argument, usual, greatest, words, help)                                                         \
    X(MAX_##id, "max-" name, 0, TAKES_##kind, argument, help " (" words ")")

/*
 * X(enumerator, long name, letter or 0, kind, argument in help or choices separated by |, help)
 * Two rows may share a name when no command takes both.
 */
#define OPTIONS(X)                                                                                                                         \
    X(POLICY, "policy", 'p', TAKES_WORDS, "FILE", "use this policy too; one file each time it is given")                                   \
    X(NO_BUILTIN, "no-builtin", 0, TAKES_NOTHING, NULL, "leave the built-in policies out")                                                 \
    X(JSON, "json", 0, TAKES_NOTHING, NULL, "the same as --format json: one object a line")                                                \
    X(FORMAT, "format", 0, TAKES_CHOICE, "text|json|sarif|junit", "how the report is written (text)")                                      \
    X(OUTPUT, "output", 'o', TAKES_WORD, "FILE", "write the report to FILE, whole or not at all")                                          \
    X(ACTION, "action", 0, TAKES_CHOICE, "report|flag|quarantine", "the most that may be done to a banned file (report)")                  \
    X(DRY_RUN, "dry-run", 'n', TAKES_NOTHING, NULL, "say what the action would do, and do nothing")                                        \
    X(PACKAGES, "packages", 0, TAKES_NOTHING, NULL, "act on files that a package manager owns, too")                                       \
    X(CONFIRM_MASS, "confirm-mass", 0, TAKES_WORDS, "RULE=N", "let a rule that hits more than 50 files (new: 10) move up to N")            \
    X(CLEAR_IMMUTABLE, "clear-immutable", 0, TAKES_NOTHING, NULL, "as root: take immutable and append-only files, too")                    \
    X(MAX_STORE, "max-store", 0, TAKES_SIZE, "SIZE", "the most bytes that the quarantine may hold (10G)")                                  \
    X(MAX_ITEMS, "max-items", 0, TAKES_NUMBER, "N", "the most files that the quarantine may hold (10000)")                                 \
    X(MIN_FREE, "min-free", 0, TAKES_NUMBER, "PERCENT", "what a copy into the quarantine leaves free of its file system (5)")              \
    X(FIND_LINKS, "find-links", 0, TAKES_NOTHING, NULL, "take all names of a file with hard links, wherever they are on its file system")  \
    X(KILL, "kill", 0, TAKES_NOTHING, NULL, "end the processes that run a file that is moved to the quarantine")                           \
    X(WITH_APPLICATION, "with-application", 0, TAKES_NOTHING, NULL,                                                                        \
      "what else a rule names beside a banned file, or in its bundle, follows it")                                                         \
    X(LOSSY, "lossy", 0, TAKES_NOTHING, NULL, "take a file although the quarantine's file system refuses some of its attributes")          \
    X(NO_PLAIN_COPY, "no-plain-copy", 0, TAKES_NOTHING, NULL, "don't copy what its file system encrypts into one that does not")           \
    X(ALL, "all", 'a', TAKES_NOTHING, NULL, "report clean and unsigned files too")                                                         \
    X(VERIFY, "verify", 0, TAKES_NOTHING, NULL, "prove every signature, not only those that match a rule")                                 \
    X(STRICT, "strict", 0, TAKES_NOTHING, NULL, "suspicious files count as found: exit status 1")                                          \
    X(EXIT_ZERO, "exit-zero", 0, TAKES_NOTHING, NULL, "exit status 0 instead of 1 when something was found")                               \
    X(REQUIRE_SIGNED, "require-signed", 0, TAKES_NOTHING, NULL, "refuse what has no proven signature with a trusted chain")                \
    X(REQUIRE_SIGNER, "require-signer", 0, TAKES_WORDS, "WHO",                                                                             \
      "refuse what is not signed by WHO: a name or a SHA-256; may be given again")                                                         \
    X(THOROUGH, "thorough", 0, TAKES_NOTHING, NULL, "examine every file to its end, whatever its beginning looks like")                    \
    X(NO_MEMBERS, "no-members", 0, TAKES_NOTHING, NULL, "don't look inside archives and installers")                                       \
    X(HELPERS, "helpers", 0, TAKES_WORD, "DIR", "where 7z and innoextract are looked for; \"none\": run neither")                          \
    OWN_LIMITS(OPTION_OF_LIMIT, X)                                                                                                         \
    X(LIMIT, "limit", 0, TAKES_WORDS, "NAME=N", "set any limit of looking inside; may be given again; \"help\": list them all")            \
    X(ANCHORS, "anchors", 0, TAKES_WORDS, "FILE", "trust the certificates in this PEM file too")                                           \
    X(CRL, "crl", 0, TAKES_WORDS, "DIR", "check certificates against the revocation lists in DIR; may be given again")                     \
    X(CATALOGS, "catalogs", 0, TAKES_WORDS, "DIR", "security catalogs (.cat) in this folder sign the files that they list")                \
    X(INCLUDE, "include", 0, TAKES_WORDS, "GLOB", "only files whose name or path fits; may be given again")                                \
    X(EXCLUDE, "exclude", 0, TAKES_WORDS, "GLOB", "no files or folders whose name or path fits; may be given again")                       \
    X(CROSS_FILESYSTEMS, "cross-filesystems", 0, TAKES_NOTHING, NULL, "walk into other mounted file systems too")                          \
    X(FILES_FROM, "files-from", 0, TAKES_WORD, "FILE", "take more paths from FILE, one a line; - is standard input")                       \
    X(NULL_SEPARATED, "null", '0', TAKES_NOTHING, NULL, "the paths of --files-from end in NUL instead of a line end")                      \
    X(JOBS, "jobs", 'j', TAKES_NUMBER, "N", "that many reader processes (one a processor)")                                                \
    X(NO_SANDBOX, "no-sandbox", 0, TAKES_NOTHING, NULL, "readers run without a sandbox, where the system has none")                        \
    X(STATE, "state", 0, TAKES_WORD, "DIR", "where the quarantine and other state is kept")                                                \
    X(SECOND_OPINION, "second-opinion", 0, TAKES_NOTHING, NULL, "ask osslsigncode about the same file and show where it differs")          \
    X(ONLINE, "online", 0, TAKES_NOTHING, NULL, "ask the responders that certificates name whether they are revoked (OCSP)")               \
    X(FROM, "from", 0, TAKES_WORD, "FORMAT", "the format of the list, where its content does not tell")                                    \
    X(RULE_ACTION, "action", 0, TAKES_CHOICE, "report|flag|quarantine", "the most that the rules made may do (flag)")                      \
    X(ACCEPT_WEAK, "accept-weak", 0, TAKES_NOTHING, NULL, "serials without an issuer, names and teams may do what the action says, too")   \
    X(TO_FORMAT, "to", 0, TAKES_WORD, "FORMAT", "the format to write")                                                                     \
    X(WIDER, "wider", 0, TAKES_NOTHING, NULL, "write rules that hit or do more there than here, too")                                      \
    X(KEY, "key", 0, TAKES_WORDS, "FILE", "sign with this private key (PEM, Ed25519); may be given again")                                 \
    X(TRUSTED_KEY, "trusted-key", 0, TAKES_WORDS, "FILE", "a public key that may sign (PEM), instead of those in /etc/certban/keys.d")     \
    X(ID, "id", 0, TAKES_WORD, "ID", "the bundle's id (that of its first policy)")                                                         \
    X(BUNDLE_VERSION, "version", 0, TAKES_WORD, "N", "the bundle's version, which must rise (seconds since 1970)")                         \
    X(EXPIRES, "expires", 0, TAKES_WORD, "TIME", "from then on nobody takes the bundle any more (in 90 days)")                             \
    X(CA, "ca", 0, TAKES_WORD, "FILE", "CAs that the server may be certified by (PEM), instead of the system's")                           \
    X(ALLOW_PRIVATE, "allow-private", 0, TAKES_NOTHING, NULL, "follow addresses in files into private networks too")                       \
    X(AGAINST, "against", 0, TAKES_WORDS, "PATH|inventory",                                                                                \
      "try it on files, folders, reports of earlier scans; inventory: all kept ones")                                                      \
    X(TO_FOLDER, "to", 0, TAKES_WORD, "DIR", "restore into this folder instead of where the file was")                                     \
    X(AS, "as", 0, TAKES_WORD, "NAME", "restore under this name")                                                                          \
    X(PARENTS, "parents", 0, TAKES_NOTHING, NULL, "make missing folders")                                                                  \
    X(CHANGED, "changed", 0, TAKES_NOTHING, NULL, "restore although the content is not what was recorded")                                 \
    X(NO_ALLOW, "no-allow", 0, TAKES_NOTHING, NULL, "write no rule that keeps the file from being taken again")                            \
    X(KEEP_PRIVILEGES, "keep-privileges", 0, TAKES_NOTHING, NULL, "with --to: set-user-ID bits and capabilities come back too")            \
    X(GROUP, "group", 0, TAKES_WORD, "GROUP", "restore all items of this group, as list shows it; stops at the first that can't be")       \
    X(GROUP_BY, "group", 0, TAKES_CHOICE, "sha256", "items of the same content together")                                                  \
    X(REASON, "reason", 0, TAKES_WORD, "TEXT", "why, for the record")                                                                      \
    X(YES, "yes", 'y', TAKES_NOTHING, NULL, "don't ask")                                                                                   \
    X(OLDER_THAN, "older-than", 0, TAKES_NUMBER, "DAYS", "only what was taken more than that many days ago")                               \
    X(CONFIG, "config", 0, TAKES_WORD, "FILE", "options from this file instead of /etc/certban/certban.conf")                              \
    X(QUIET, "quiet", 'q', TAKES_NOTHING, NULL, "findings only: no summary, no progress, no advice")                                       \
    X(COLOR, "color", 0, TAKES_CHOICE, "auto|always|never", "colours (auto: on a terminal, unless NO_COLOR is set)")                       \
    X(PROGRESS, "progress", 0, TAKES_CHOICE, "auto|always|never", "a line on standard error that says how far it is")                      \
    X(HELP, "help", 'h', TAKES_NOTHING, NULL, "this help")

enum option_id {
#define X(id, name, letter, kind, argument, help) OPTION_##id,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

/* The set of options that a command takes: TAKE(POLICY) | TAKE(JSON). --config and --help are always in it. */
/* A set of options, a bit each. */
__extension__ typedef unsigned __int128 option_set;
#define TAKE(id) ((option_set)1 << OPTION_##id)
#define TAKE_ALWAYS (TAKE(CONFIG) | TAKE(HELP))
#define TAKE_OF_LIMIT(X, id, ...) | TAKE(MAX_##id)
#define TAKE_LIMITS (TAKE(LIMIT) OWN_LIMITS(TAKE_OF_LIMIT, 0))

struct option_row {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *argument; /* "FILE", or the choices "auto|always|never"; NULL when it takes nothing */
    const char *help;
};
extern const struct option_row option_table[OPTION_COUNT];

struct word;

/* What was given on the command line. Words belong to argv. */
struct options {
    bool given[OPTION_COUNT];
    bool by_hand[OPTION_COUNT];     /* not only by a file */
    const char *word[OPTION_COUNT]; /* the last one */
    uint64_t number[OPTION_COUNT];
    const char **words[OPTION_COUNT]; /* TAKES_WORDS: each one, in order */
    size_t n_words[OPTION_COUNT];
    struct word *owned; /* those that came from a file */
    const char **args;  /* what is no option: the command's arguments */
    size_t n_args;
};

struct command;

/* options_nearest is the option, of whatever command, that was meant by a word like "--polici"; NULL when none is near. */
const char *options_nearest(const char *word);

/* options_parse reads argv (without the program's and the command's names being arguments: the first skip words that are no
 * options are left out). False when something is wrong: a sentence went to standard error. */
bool options_parse(int argc, char **argv, size_t skip, const struct command *command, struct options *options);

/* options_set gives an option a value (copied); the sentence about a wrong one is err's. */
CERTBAN_MUST_USE bool options_set(struct options *options, size_t id, const char *value, struct error *err);
void options_free(struct options *options);

/* options_belong says whether each option that was given by hand has the one beside it that it means something with: who asks to end
 * processes and for no action believes that they have ended. The sentence is err's. */
CERTBAN_MUST_USE bool options_belong(const struct options *options, const struct command *command, struct error *err);

/* options_words finds the first words of argv that are no options and no option's argument: at most n. Returns how many. */
size_t options_words(int argc, char **argv, const char **words, size_t n);

/* options_limits is the limits of looking inside, as far as they were given. A number past its range, and a name that no limit has, is
 * ERR_USAGE. Where an option of its own and --limit set the same one, --limit counts. */
CERTBAN_MUST_USE bool options_limits(const struct options *options, struct limits *limits, struct error *err);

/* options_ask_limits says whether --limit help was given. */
bool options_ask_limits(const struct options *options);

/* options_choice is the place of the given word among the row's choices; otherwise when it was not given. */
size_t options_choice(const struct options *options, enum option_id id, size_t otherwise);

#endif
