/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal_files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where EAL's directories would be: in one of our own. */
static char top[] = "/tmp/weir-files-XXXXXX";

static void make_top(void)
{
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(setenv("RUNTIME_DIRECTORY", top, 1), 0);
}

static void remove_top(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_expect_eq(system(command), 0);
}

TestSuite(eal_files, .init = make_top, .fini = remove_top);

static void touch(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	cr_assert_geq(fd, 0, "%s", path);
	close(fd);
}

static bool exists(const char *directory, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

/* One that is over, and whose number is nobody's for now. */
static pid_t dead(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

/* A directory of EAL's as a process with this number has it; old: a while ago. */
static void make_directory(char *path, size_t size, pid_t pid, bool old)
{
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char base[64];

	snprintf(base, sizeof(base), "%s/dpdk", top);
	mkdir(base, 0700);
	snprintf(path, size, "%s/weir-%d", base, (int)pid);
	cr_assert_eq(mkdir(path, 0700), 0);
	touch(path, "config");
	touch(path, "fbarray_memzone");
	touch(path, "mp_socket");
	if (old)
		utimensat(AT_FDCWD, path, times, 0);
}

/* A socket as telemetry has it, with or without somebody who would answer. */
static int make_socket(const char *directory, bool listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/dpdk_telemetry.v2", directory);
	cr_assert_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listening)
		cr_assert_eq(listen(sock, 1), 0);
	return sock;
}

Test(eal_files, a_directory_of_its_own_comes_and_goes)
{
	char runtime_dir[EAL_RUNTIME_DIR_MAX], prefix[32];

	cr_assert(eal_files_claim(runtime_dir));
	snprintf(prefix, sizeof(prefix), "weir-%d", (int)getpid());
	cr_expect_str_eq(eal_files_prefix(runtime_dir), prefix);
	cr_expect(exists(runtime_dir, ""));
	cr_expect(eal_files_claim(runtime_dir), "it may be there already");
	touch(runtime_dir, "config");
	touch(runtime_dir, "fbarray_memseg-2048k-0-0");
	touch(runtime_dir, "mp_socket_17_3");
	eal_files_remove(runtime_dir);
	cr_expect_not(exists(runtime_dir, ""));
	eal_files_remove("");
}

Test(eal_files, what_is_not_of_eal_stays)
{
	char runtime_dir[EAL_RUNTIME_DIR_MAX];

	cr_assert(eal_files_claim(runtime_dir));
	touch(runtime_dir, "config");
	touch(runtime_dir, "notes");
	eal_files_remove(runtime_dir);
	cr_expect_not(exists(runtime_dir, "config"));
	cr_expect(exists(runtime_dir, "notes"));
}

Test(eal_files, none_where_none_can_be_made)
{
	char runtime_dir[EAL_RUNTIME_DIR_MAX], deep[128];

	setenv("RUNTIME_DIRECTORY", "/proc", 1);
	cr_expect_not(eal_files_claim(runtime_dir));
	cr_expect_str_eq(runtime_dir, "");
	/* Longer than a socket's path may be. */
	snprintf(deep, sizeof(deep), "%s/%070d", top, 0);
	cr_assert_eq(mkdir(deep, 0700), 0);
	setenv("RUNTIME_DIRECTORY", deep, 1);
	cr_expect_not(eal_files_claim(runtime_dir));
	cr_expect_str_eq(runtime_dir, "");
}

/* What would be removed at the end, of a path that has been cut off. */
Test(eal_files, a_folder_on_the_way_is_nobodys_to_clean)
{
	char runtime_dir[EAL_RUNTIME_DIR_MAX], folder[EAL_RUNTIME_DIR_MAX];
	int rest = EAL_RUNTIME_DIR_MAX - 2 - (int)strlen(top);

	snprintf(folder, sizeof(folder), "%s/%0*d", top, rest, 0);
	cr_assert_eq(strlen(folder), EAL_RUNTIME_DIR_MAX - 1);
	cr_assert_eq(mkdir(folder, 0700), 0);
	touch(folder, "config");
	setenv("RUNTIME_DIRECTORY", folder, 1);
	cr_expect_not(eal_files_claim(runtime_dir));
	eal_files_remove(runtime_dir);
	cr_expect(exists(folder, "config"));
}

Test(eal_files, what_killed_runs_left_goes_with_the_next)
{
	char killed[128], without[128];

	make_directory(killed, sizeof(killed), dead(), false);
	close(make_socket(killed, false));
	make_directory(without, sizeof(without), dead(), true);
	eal_files_sweep();
	cr_expect_not(exists(killed, ""));
	cr_expect_not(exists(without, ""));
}

Test(eal_files, what_somebody_may_use_stays)
{
	char alive[128], elsewhere[128], young[128], other[128];
	int sock;

	make_directory(alive, sizeof(alive), getpid(), true);
	/* Numbers of another PID namespace are nobody's in ours. */
	make_directory(elsewhere, sizeof(elsewhere), dead(), true);
	sock = make_socket(elsewhere, true);
	make_directory(young, sizeof(young), dead(), false);
	snprintf(other, sizeof(other), "%s/dpdk/rte", top);
	cr_assert_eq(mkdir(other, 0700), 0);
	touch(other, "config");
	eal_files_sweep();
	cr_expect(exists(alive, "config"));
	cr_expect(exists(elsewhere, "config"));
	cr_expect(exists(young, "config"));
	cr_expect(exists(other, "config"));
	close(sock);
}
