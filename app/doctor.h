/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor.h - `weir doctor`: what this machine lacks to run well, and the commands that mend it.
 *
 * It reads, and changes nothing. EAL is not started: what only an open port tells, it says that it does not
 * know. docs/cli.md has the checks.
 */
#ifndef WEIR_APP_DOCTOR_H
#define WEIR_APP_DOCTOR_H

#include "command.h"
#include "options.h"

/* EXIT_DONE if nothing fails; EXIT_FAILED if something does; EXIT_WRONG with a line on standard error. */
enum exit_status doctor_run(const struct options *options);

#endif
