/* SPDX-License-Identifier: Apache-2.0 */
/* certban check: the gate. One verdict a file, and an exit status that is not zero unless all is fine. */
#include "cli/run.h"

static int run(const struct command *command, const struct options *options) {
    static const struct run check = {.describe = true, .verify = true, .search = true, .scope = REPORT_NAMED};
    return run_command(&check, command, options);
}

const struct command command_check = {
    .name = "check",
    .args = "FILE…",
    .help = "one verdict a file; exit status 0 only when all is fine",
    .more =
        "The gate before something is installed or passed on: exit status 1 when a file is banned or listed, 2 when one could not\n"
        "be examined to its end or a policy could not be read. FILE - is standard input. --require-signed and --require-signer turn the\n"
        "gate around: whatever lacks the signature asked for is refused too (1). A name counts only where a trusted root vouches for\n"
        "it (common name, organisation or team id, spelled exactly so).",
    .takes = RUN_TAKES | RUN_ACTS | TAKE(ALL) | TAKE(VERIFY) | TAKE(REQUIRE_SIGNED) | TAKE(REQUIRE_SIGNER),
    .examples = "  certban check setup.exe && ./deploy setup.exe\n"
                "  certban check --json --strict --policy our-bans.xml *.msi\n"
                "  certban check --crl crls setup.exe\n"
                "  certban check --require-signer 'Example Ltd' --format junit -o report.xml setup.exe\n"
                "  certban check --strict /Applications/Example.app\n"
                "  curl -s https://example.org/setup.exe | certban check -",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
