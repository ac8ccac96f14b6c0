/* SPDX-License-Identifier: BSD-3-Clause */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

bool child_exists(const char *program, const char *package)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	if (system(command) == 0)
		return true;
	bench_note("%s (package %s) is not installed: left out", program, package);
	return false;
}

/* In the child. */
static void become(const char *command, int out)
{
	char line[256];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	snprintf(line, sizeof(line), "exec %s", command);
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

int child_start(struct child *child, const struct cable *cable, int end, const char *command)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) != 0) {
		bench_note("%s: %s", command, strerror(errno));
		return -1;
	}
	cable_enter(cable, end);
	child->pid = fork();
	if (child->pid == 0)
		become(command, out[1]);
	cable_leave(cable);
	close(out[1]);
	child->out = fdopen(out[0], "r");
	if (child->pid > 0)
		return 0;
	bench_note("%s: %s", command, strerror(errno));
	fclose(child->out);
	return -1;
}

bool child_wait(struct child *child)
{
	int status = -1;

	fclose(child->out);
	return waitpid(child->pid, &status, 0) == child->pid && status == 0;
}

void child_kill(struct child *child)
{
	kill(child->pid, SIGKILL);
	child_wait(child);
}
