/* SPDX-License-Identifier: Apache-2.0 */
/* certban show: everything about a file's signatures, banned or not. */
#include "cli/run.h"

static int run(const struct command *command, const struct options *options) {
    static const struct run show = {
        .describe = true, .verify = true, .search = true, .scope = REPORT_NAMED | REPORT_ALL, .people = &report_tree};
    return run_command(&show, command, options);
}

const struct command command_show = {
    .name = "show",
    .args = "FILE…",
    .help = "everything about a file's signatures, banned or not",
    .more =
        "A tree: who signed, the chain, time stamps, what the digest covers, what is odd, which rules hit, and the elements by\n"
        "which a policy would name the signer. Members of archives and installers hang below them, as far as they are signed; the rest is\n"
        "counted. Every signature is proven. --second-opinion asks osslsigncode, where it is installed; --online\n"
        "asks the responders that certificates name (OCSP), which changes no verdict.",
    .takes = RUN_TAKES | TAKE(SECOND_OPINION) | TAKE(ONLINE) | TAKE(ALLOW_PRIVATE),
    .examples = "  certban show setup.exe\n"
                "  certban show --json installer.msi | jq .signatures\n"
                "  certban show Example.app\n"
                "  certban show --second-opinion setup.exe\n"
                "  certban show --online setup.exe",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
