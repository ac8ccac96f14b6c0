/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_tree.h - what the kernel tells in files: sysfs, procfs, devices.
 *
 * Every path is below `root`, "" for this machine: tests make machines up in a folder. Paths are printf
 * formats. What is not there, or is not what was asked for, is false, 0 or an empty list: a kernel that does
 * not know a file is an answer, too. No state, any thread.
 */
#ifndef WEIR_APP_DOCTOR_TREE_H
#define WEIR_APP_DOCTOR_TREE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOCTOR_NAME 64     /* of an entry in a folder; longer ones are left out */
#define DOCTOR_LINE 4096   /* as the flags of a CPU take */
#define DOCTOR_ENTRIES 512 /* of a folder that are looked at */

struct doctor_entries {
	unsigned count;
	char names[DOCTOR_ENTRIES][DOCTOR_NAME]; /* in the order of their numbers, "node2" before "node10" */
};

bool doctor_tree_has(const char *root, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* The first line, without its end. */
bool doctor_tree_text(const char *root, char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

bool doctor_tree_number(const char *root, int64_t *value, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* A list of CPUs, such as "0-3,8"; an empty one is one, too. */
bool doctor_tree_cpus(const char *root, cpu_set_t *cpus, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* What follows `key` in the first line that begins with it, less blanks, a colon and an equals sign. */
bool doctor_tree_field(const char *root, const char *key, char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 5, 6)));

/* Does a line hold this text? */
bool doctor_tree_holds(const char *root, const char *text, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* The last part of what a link points to. */
bool doctor_tree_link(const char *root, char *name, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));

/* What a folder holds, but for what begins with a dot; of `entries`, those that begin with `prefix`. */
void doctor_tree_entries(const char *root, struct doctor_entries *entries, const char *prefix,
			 const char *path, ...) __attribute__((format(printf, 4, 5)));

/* May the user of /proc/self/status read and write it, by owner, group and mode? */
bool doctor_tree_permits(const char *root, const char *path, ...) __attribute__((format(printf, 2, 3)));

/* Is this word in a text of words between blanks, such as a kernel's command line? */
bool doctor_tree_word(const char *text, const char *word);

#endif
