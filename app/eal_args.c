/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes text[used..] as the next argument, once it is complete. */
static int finish(struct eal_args *args, size_t start)
{
	if (args->argc == EAL_ARGS_MAX || args->used == EAL_ARGS_TEXT)
		return -E2BIG;
	args->text[args->used++] = '\0';
	args->argv[args->argc++] = args->text + start;
	args->argv[args->argc] = NULL;
	return 0;
}

static int put(struct eal_args *args, char c)
{
	if (args->used == EAL_ARGS_TEXT)
		return -E2BIG;
	args->text[args->used++] = c;
	return 0;
}

static int add(struct eal_args *args, const char *text)
{
	size_t start = args->used;
	int rc = 0;

	for (; rc == 0 && *text != '\0'; text++)
		rc = put(args, *text);
	return rc == 0 ? finish(args, start) : rc;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Takes one argument's characters, up to a blank outside quotes. Returns where it stopped, or NULL with
 * *rc.
 */
static const char *split_one(struct eal_args *args, const char *text, int *rc)
{
	char quote = '\0';

	for (; *text != '\0' && (quote != '\0' || !is_blank(*text)); text++) {
		if (quote != '\0' ? *text == quote : (*text == '"' || *text == '\'')) {
			quote = quote != '\0' ? '\0' : *text;
			continue;
		}
		if (*text == '\\' && quote != '\'' && text[1] != '\0')
			text++;
		*rc = put(args, *text);
		if (*rc != 0)
			return NULL;
	}
	*rc = quote != '\0' ? -EINVAL : 0;
	return *rc == 0 ? text : NULL;
}

static int split(struct eal_args *args, const char *text)
{
	int rc = 0;

	while (rc == 0) {
		size_t start = args->used;

		while (is_blank(*text))
			text++;
		if (*text == '\0')
			return 0;
		text = split_one(args, text, &rc);
		if (rc == 0)
			rc = finish(args, start);
	}
	return rc;
}

/* "-m", "-m512", "--no-huge", "--file-prefix" and "--file-prefix=x": is arg the option? */
static bool is_option(const char *arg, const char *option)
{
	size_t len = strlen(option);

	if (strncmp(arg, option, len) != 0)
		return false;
	/* A value follows a short option without more ado. */
	return arg[len] == '\0' || arg[len] == '=' || option[1] != '-';
}

/* Do the user's arguments, argv[1..users], hold one of the options (a NULL ends the list)? */
static bool says(const struct eal_args *args, int users, const char *const *options)
{
	for (int i = 1; i <= users; i++)
		for (const char *const *option = options; *option != NULL; option++)
			if (is_option(args->argv[i], *option))
				return true;
	return false;
}

static int add_unless(struct eal_args *args, int users, const char *const *options, const char *wish)
{
	return says(args, users, options) ? 0 : add(args, wish);
}

/* Which pages, and --socket-mem, which says how much of them as well. */
static const char *const pages_options[] = { "--no-huge",
					     "--in-memory",
					     "--huge-dir",
					     "--huge-unlink",
					     "--socket-mem",
					     "--socket-limit",
					     "--legacy-mem",
					     "--single-file-segments",
					     NULL };

static int add_memory(struct eal_args *args, int users, const struct eal_wishes *wishes)
{
	static const char *const amount[] = { "-m", "--socket-mem", NULL };
	static const char *const files[] = { "--single-file-segments", "--legacy-mem", NULL };
	static const char *const no_huge[] = { "--no-huge", NULL };
	bool without = says(args, users, no_huge);
	char text[32];
	int rc;

	/* --in-memory keeps hugepages out of the file system, and implies --no-shconf. */
	if (!wishes->hugepages)
		rc = add_unless(args, users, pages_options, "--no-huge");
	else
		rc = wishes->shared ? 0 : add_unless(args, users, pages_options, "--in-memory");
	if (rc == 0 && wishes->lent)
		rc = add_unless(args, users, files, "--single-file-segments");
	if (rc != 0 || says(args, users, amount))
		return rc;
	/* With hugepages the heap can grow as needed; without, it is what is set aside now. */
	if (!without && (wishes->hugepages ? !wishes->set_aside : says(args, users, pages_options)))
		return 0;
	snprintf(text, sizeof(text), "%u", wishes->memory_mib);
	rc = add(args, "-m");
	return rc == 0 ? add(args, text) : rc;
}

static int add_devices(struct eal_args *args, int users, const struct eal_wishes *wishes)
{
	static const char *const devices[] = { "--no-pci", "-a", "--allow", "-b", "--block", NULL };
	int rc = 0;

	if (says(args, users, devices))
		return 0;
	if (wishes->pci_devices_count == 0)
		return add(args, "--no-pci");
	for (unsigned i = 0; i < wishes->pci_devices_count && rc == 0; i++) {
		rc = add(args, "-a");
		if (rc == 0)
			rc = add(args, wishes->pci_devices[i]);
	}
	return rc;
}

static int add_lcores(struct eal_args *args, int users, const struct eal_wishes *wishes)
{
	static const char *const lcores[] = { "-l", "-c", "-s", "-S", "--lcores", "--main-lcore", NULL };
	char text[1024];
	size_t used = 0;
	int rc;

	if (wishes->lcores_count == 0 || says(args, users, lcores))
		return 0;
	for (unsigned i = 0; i < wishes->lcores_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i == 0 ? "" : ",",
					 wishes->lcores[i]);
	rc = add(args, "-l");
	rc = rc == 0 ? add(args, text) : rc;
	snprintf(text, sizeof(text), "--main-lcore=%u", wishes->main_lcore);
	return rc == 0 ? add(args, text) : rc;
}

/* Where others find this process, and whether they can attach to it. Without hugepages nobody can. */
static int add_files(struct eal_args *args, int users, const struct eal_wishes *wishes)
{
	static const char *const prefix[] = { "--file-prefix", "--proc-type", NULL };
	static const char *const config[] = { "--file-prefix", "--no-shconf", "--in-memory", "--proc-type",
					      NULL };
	static const char *const telemetry[] = { "--telemetry", "--no-telemetry", "--file-prefix",
						 "--proc-type", NULL };
	static const char *const private[] = { "--no-huge", "--in-memory", NULL };
	static const char *const alone[] = { "--in-memory", "--no-shconf", NULL };
	int rc = 0;

	if (wishes->prefix == NULL || says(args, args->argc - 1, private))
		rc = add_unless(args, users, config, "--no-shconf");
	if (rc == 0 && wishes->prefix == NULL)
		rc = add_unless(args, users, telemetry, "--no-telemetry");
	if (rc == 0 && wishes->prefix != NULL && !says(args, users, prefix)) {
		rc = add(args, "--file-prefix");
		rc = rc == 0 ? add(args, wishes->prefix) : rc;
	}
	args->shared = !says(args, args->argc - 1, alone);
	return rc;
}

static int add_log(struct eal_args *args, int users)
{
	static const char *const log[] = { "--log-level", "-v", NULL };

	args->quiet = !says(args, users, log);
	return args->quiet ? add(args, "--log-level=*:error") : 0;
}

int eal_args_build(struct eal_args *args, const struct eal_wishes *wishes, const char *user)
{
	int users, rc;

	args->argc = 0;
	args->used = 0;
	rc = add(args, "weir");
	if (rc == 0 && user != NULL)
		rc = split(args, user);
	if (rc != 0)
		return rc;
	users = args->argc - 1;
	rc = add_memory(args, users, wishes);
	if (rc == 0)
		rc = add_devices(args, users, wishes);
	if (rc == 0)
		rc = add_lcores(args, users, wishes);
	if (rc == 0)
		rc = add_files(args, users, wishes);
	return rc == 0 ? add_log(args, users) : rc;
}

/* The value of the last -m, or 0. */
static unsigned amount_of(const struct eal_args *args)
{
	const char *text = "";

	for (int i = 1; i < args->argc; i++) {
		if (strncmp(args->argv[i], "-m", 2) != 0)
			continue;
		text = args->argv[i] + 2;
		if (*text == '\0' && i + 1 < args->argc)
			text = args->argv[i + 1];
	}
	return (unsigned)strtoul(text, NULL, 10);
}

enum eal_hugepages eal_args_hugepages(uint64_t free_mib, unsigned *memory_mib, const char *user)
{
	struct eal_args args = { .argc = 0 };
	unsigned asked;

	/* What cannot be split is complained of when it is built. */
	if (add(&args, "weir") != 0 || (user != NULL && split(&args, user) != 0))
		return EAL_HUGEPAGES_NONE;
	asked = amount_of(&args);
	if (asked != 0)
		*memory_mib = asked;
	if (free_mib == 0 || says(&args, args.argc - 1, pages_options))
		return EAL_HUGEPAGES_NONE;
	return free_mib < *memory_mib ? EAL_HUGEPAGES_FEW : EAL_HUGEPAGES_ENOUGH;
}
