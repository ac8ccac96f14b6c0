/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - a whole command: from checked options to an exit status.
 */
#ifndef WEIR_APP_COMMAND_H
#define WEIR_APP_COMMAND_H

#include "options.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the run, or a check in it */
	EXIT_WRONG = 2,  /* usage, configuration, or what this machine lacks */
};

enum exit_status command_run(const struct options *options);

#endif
