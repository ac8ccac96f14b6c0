/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_cpus.h - sets of CPUs, as the kernel writes them: "0-3,8". Pure.
 */
#ifndef WEIR_APP_DOCTOR_CPUS_H
#define WEIR_APP_DOCTOR_CPUS_H

#include <sched.h>
#include <stdbool.h>

#define DOCTOR_CPUS_TEXT 400 /* of 64 CPUs at the least, however they lie */

/* False if the text is no list. "" and "(null)", which some kernels write, are empty ones. */
bool doctor_cpus_parse(const char *text, cpu_set_t *cpus);

/* The list; cut short with "..." if it is very long. Returns text. */
const char *doctor_cpus_text(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT]);

/* "CPU 3", or "CPUs 0-3,8". Returns text. */
const char *doctor_cpus_name(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT]);

/* The same for a shell's loop: "0 1 2 3 8"; the first of them, where they are too many. Returns text. */
const char *doctor_cpus_words(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT]);

/* Those of a that are not in b. */
void doctor_cpus_without(cpu_set_t *result, const cpu_set_t *a, const cpu_set_t *b);

/* The first one after `cpu` (-1: of all), or -1. */
int doctor_cpus_next(const cpu_set_t *cpus, int cpu);

#endif
