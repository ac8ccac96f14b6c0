/* SPDX-License-Identifier: BSD-3-Clause */
/* weir COMMAND [OPTION...] */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "doctor.h"
#include "options.h"

static const char usage[] =
	"Usage: weir COMMAND [OPTION...]\n"
	"\n"
	"  demo     opens, uses and closes connections on a wire in memory; needs no network card,\n"
	"           no root and no hugepages\n"
	"  serve    answers connections on a DPDK port\n"
	"  load     opens, uses and closes connections to a server\n"
	"  flood    sends attack traffic to a target, to see what it stands\n"
	"  doctor   finds what this machine lacks to run well, and the command that mends it\n"
	"\n"
	"`weir COMMAND --help` lists a command's options. While one runs, `dpdk-telemetry.py -f weir-PID`\n"
	"shows its counters (/weir/stats).\n";

static int wrong_usage(const char *argument)
{
	if (argument == NULL)
		fprintf(stderr,
			"weir: no command; give demo, serve, load, flood or doctor (weir --help tells more)\n");
	else
		fprintf(stderr,
			"weir: '%s' is no command; give demo, serve, load, flood or doctor (weir --help tells more)\n",
			argument);
	return EXIT_WRONG;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_MAX];
	static struct options options;
	enum command command;

	if (argc < 2)
		return wrong_usage(NULL);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("weir " WEIR_VERSION);
		return EXIT_DONE;
	}
	if (options_command(argv[1], &command) != 0)
		return wrong_usage(argv[1]);
	if (options_parse(command, argc - 1, argv + 1, &options, error) != 0) {
		fprintf(stderr, "weir %s: %s\n", argv[1], error);
		return EXIT_WRONG;
	}
	if (options.help) {
		options_help(command);
		return EXIT_DONE;
	}
	return command == COMMAND_DOCTOR ? doctor_run(&options) : command_run(&options);
}
