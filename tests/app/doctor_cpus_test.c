/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_cpus.h"

#include <criterion/criterion.h>
#include <string.h>

Test(doctor_cpus, lists_words_and_names)
{
	static const char *const lists[] = { "", "0", "0-3,8", "1,3,5-1023" };
	char text[DOCTOR_CPUS_TEXT];
	cpu_set_t cpus;

	for (unsigned i = 0; i < 4; i++) {
		cr_assert(doctor_cpus_parse(lists[i], &cpus));
		cr_expect_str_eq(doctor_cpus_text(&cpus, text), lists[i]);
	}
	cr_expect(!doctor_cpus_parse("0-", &cpus) && !doctor_cpus_parse("a", &cpus) &&
		  !doctor_cpus_parse("1,,2", &cpus));
	cr_expect(doctor_cpus_parse("(null)", &cpus) && CPU_COUNT(&cpus) == 0);
	doctor_cpus_parse("0-2,9", &cpus);
	cr_expect_str_eq(doctor_cpus_words(&cpus, text), "0 1 2 9");
	cr_expect_str_eq(doctor_cpus_name(&cpus, text), "CPUs 0-2,9");
	/* Every other one of all: cut short, and within its room. */
	CPU_ZERO(&cpus);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu += 2)
		CPU_SET(cpu, &cpus);
	cr_expect_not_null(strstr(doctor_cpus_text(&cpus, text), "..."));
	cr_expect_lt(strlen(doctor_cpus_words(&cpus, text)), DOCTOR_CPUS_TEXT);
}
