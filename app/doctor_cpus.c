/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_cpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "4" or "4-7"; where it stopped, or NULL. */
static const char *parse_part(const char *text, cpu_set_t *cpus)
{
	unsigned long first, last;
	char *end;

	first = last = strtoul(text, &end, 10);
	if (end == text)
		return NULL;
	if (*end == '-') {
		text = end + 1;
		last = strtoul(text, &end, 10);
		if (end == text)
			return NULL;
	}
	for (unsigned long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, cpus);
	return end;
}

bool doctor_cpus_parse(const char *text, cpu_set_t *cpus)
{
	CPU_ZERO(cpus);
	text += strspn(text, " \t");
	if (*text == '\0' || strcmp(text, "(null)") == 0)
		return true;
	for (;;) {
		text = parse_part(text, cpus);
		if (text == NULL)
			return false;
		if (*text != ',')
			return *text == '\0';
		text++;
	}
}

const char *doctor_cpus_text(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (int first = doctor_cpus_next(cpus, -1); first >= 0; first = doctor_cpus_next(cpus, first)) {
		int last = first;

		while (last + 1 < CPU_SETSIZE && CPU_ISSET((unsigned)last + 1, cpus))
			last++;
		/* "1023-1024," and the dots. */
		if (used > DOCTOR_CPUS_TEXT - 16) {
			snprintf(text + used, DOCTOR_CPUS_TEXT - used, ",...");
			break;
		}
		used += (size_t)snprintf(text + used, DOCTOR_CPUS_TEXT - used,
					 last > first ? "%s%d-%d" : "%s%d", used > 0 ? "," : "", first, last);
		first = last;
	}
	return text;
}

const char *doctor_cpus_name(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT])
{
	char list[DOCTOR_CPUS_TEXT];

	snprintf(text, DOCTOR_CPUS_TEXT, CPU_COUNT(cpus) == 1 ? "CPU %.*s" : "CPUs %.*s",
		 DOCTOR_CPUS_TEXT - 8, doctor_cpus_text(cpus, list));
	return text;
}

const char *doctor_cpus_words(const cpu_set_t *cpus, char text[DOCTOR_CPUS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (int cpu = doctor_cpus_next(cpus, -1); cpu >= 0 && used < DOCTOR_CPUS_TEXT - 8;
	     cpu = doctor_cpus_next(cpus, cpu))
		used += (size_t)snprintf(text + used, DOCTOR_CPUS_TEXT - used, "%s%d", used > 0 ? " " : "",
					 cpu);
	return text;
}

void doctor_cpus_without(cpu_set_t *result, const cpu_set_t *a, const cpu_set_t *b)
{
	cpu_set_t both;

	CPU_AND(&both, a, b);
	CPU_XOR(result, a, &both);
}

int doctor_cpus_next(const cpu_set_t *cpus, int cpu)
{
	for (cpu++; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((unsigned)cpu, cpus))
			return cpu;
	return -1;
}
