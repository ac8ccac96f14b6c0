/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_NAME "dpdk_telemetry.v2"
#define OWN_PREFIX "weir-"

/* A directory without a socket may be of a process in another PID namespace that has only begun. */
#define YOUNG_S 60

/* Where EAL puts its directories: eal_create_runtime_dir() chooses in this order. */
static void base_directory(char path[PATH_MAX])
{
	const char *base = getenv("RUNTIME_DIRECTORY");

	if (base == NULL && getuid() == 0)
		base = "/var/run";
	if (base == NULL)
		base = getenv("XDG_RUNTIME_DIR");
	snprintf(path, PATH_MAX, "%s/dpdk", base != NULL ? base : "/tmp");
}

static bool make_directory(const char *path)
{
	return (mkdir(path, 0700) == 0 || errno == EEXIST) && access(path, R_OK | W_OK | X_OK) == 0;
}

bool eal_files_claim(char runtime_dir[EAL_RUNTIME_DIR_MAX])
{
	char base[PATH_MAX];
	int len;

	base_directory(base);
	len = snprintf(runtime_dir, EAL_RUNTIME_DIR_MAX, "%s/" OWN_PREFIX "%d", base, (int)getpid());
	if (len + sizeof("/" SOCKET_NAME) <= EAL_RUNTIME_DIR_MAX && make_directory(base) &&
	    make_directory(runtime_dir))
		return true;
	/* What is left of a long path may be somebody else's folder. */
	runtime_dir[0] = '\0';
	return false;
}

const char *eal_files_prefix(const char *runtime_dir)
{
	const char *slash = strrchr(runtime_dir, '/');

	return slash != NULL ? slash + 1 : "";
}

/* What EAL leaves in a runtime directory. Its telemetry removes the socket itself, unless it is killed. */
static bool is_of_eal(const char *name, bool killed)
{
	static const char *const patterns[] = { "config", "hugepage_info", "fbarray_*", "mp_socket*" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return killed && fnmatch(SOCKET_NAME "*", name, 0) == 0;
}

static void remove_directory(const char *path, bool killed)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		if (is_of_eal(entry->d_name, killed))
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(path);
}

/* Calls fn for each file in a file system of hugepages. */
static void each_hugepage_file(void (*fn)(int directory, const char *name, const char *prefix),
			       const char *prefix)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	const struct mntent *mount;

	while (mounts != NULL && (mount = getmntent(mounts)) != NULL) {
		DIR *directory = strcmp(mount->mnt_type, "hugetlbfs") == 0 ? opendir(mount->mnt_dir) : NULL;
		const struct dirent *entry;

		while (directory != NULL && (entry = readdir(directory)) != NULL)
			fn(dirfd(directory), entry->d_name, prefix);
		if (directory != NULL)
			closedir(directory);
	}
	if (mounts != NULL)
		endmntent(mounts);
}

/* EAL's names are PREFIXmap_NUMBER. */
static void remove_if_ours(int directory, const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) == 0 && strncmp(name + len, "map_", 4) == 0)
		unlinkat(directory, name, 0);
}

void eal_files_remove(const char *runtime_dir)
{
	const char *prefix = eal_files_prefix(runtime_dir);

	if (*prefix == '\0')
		return;
	each_hugepage_file(remove_if_ours, prefix);
	remove_directory(runtime_dir, false);
}

/* The process of a name that begins with weir-PID and goes on with `rest`; 0 if it does not. */
static pid_t process_of(const char *name, const char *rest)
{
	char *end;
	long pid;

	if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) != 0 ||
	    !isdigit((unsigned char)name[strlen(OWN_PREFIX)]))
		return 0;
	pid = strtol(name + strlen(OWN_PREFIX), &end, 10);
	return strncmp(end, rest, strlen(rest)) == 0 && (*rest != '\0' || *end == '\0') ? (pid_t)pid : 0;
}

static bool is_gone(pid_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH;
}

/* A process in another PID namespace may have this directory: then its socket has somebody behind it. */
static bool is_deserted(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock, error = 0;
	struct stat status;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SOCKET_NAME, path) >=
	    (int)sizeof(address.sun_path))
		return false;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) != 0)
		error = errno;
	if (sock >= 0)
		close(sock);
	if (error == ENOENT)
		return stat(path, &status) == 0 && time(NULL) - status.st_mtime > YOUNG_S;
	return error == ECONNREFUSED;
}

/* Its process holds a lock on each of its files. */
static void remove_if_deserted(int directory, const char *name, const char *prefix)
{
	pid_t pid = process_of(name, "map_");
	int file;

	(void)prefix;
	if (pid == 0 || !is_gone(pid))
		return;
	file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0)
		unlinkat(directory, name, 0);
	if (file >= 0)
		close(file);
}

void eal_files_sweep(void)
{
	char base[PATH_MAX], path[2 * PATH_MAX];
	const struct dirent *entry;
	DIR *directory;

	each_hugepage_file(remove_if_deserted, "");
	base_directory(base);
	directory = opendir(base);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		pid_t pid = process_of(entry->d_name, "");

		snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		if (pid != 0 && is_gone(pid) && is_deserted(path))
			remove_directory(path, true);
	}
	if (directory != NULL)
		closedir(directory);
}
