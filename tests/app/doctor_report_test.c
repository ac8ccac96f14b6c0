/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_report.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct doctor_report report;

Test(doctor_report, the_worst_comes_first)
{
	struct doctor_finding *finding;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	report.count = 0;
	doctor_report_add(&report, "one", DOCTOR_OK, "well");
	doctor_report_add(&report, "two", DOCTOR_UNKNOWN, "who knows");
	finding = doctor_report_add(&report, "three", DOCTOR_FAIL, "%d left", 0);
	doctor_finding_cost(finding, "all of %s", "it");
	doctor_finding_mend(finding, "echo %d", 3);
	doctor_report_add(&report, "four", DOCTOR_WARN, "slow");
	doctor_report_sort(&report);
	doctor_report_text(&report, out);
	fclose(out);
	cr_expect_str_eq(text, "fail     three          0 left\n"
			       "    cost: all of it\n"
			       "    mend: echo 3\n"
			       "warn     four           slow\n"
			       "unknown  two            who knows\n"
			       "ok       one            well\n"
			       "1 fail, 1 warn, 1 unknown, 1 ok; mends are a root shell's\n");
	free(text);
}

Test(doctor_report, json_has_five_keys)
{
	struct doctor_finding *finding;
	char *text = NULL, *line, *rest;
	size_t size = 0, lines = 0;
	FILE *out = open_memstream(&text, &size);

	report.count = 0;
	doctor_report_add(&report, "one", DOCTOR_OK, "well");
	finding = doctor_report_add(&report, "two", DOCTOR_FAIL, "\"quoted\"");
	doctor_finding_cost(finding, "all");
	doctor_finding_mend(finding, "echo '\\n'");
	cr_assert_eq(doctor_report_json(&report, out), 0);
	fclose(out);
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), lines++) {
		static const char *const keys[] = { "check", "status", "found", "cost", "mend" };
		json_t *object = json_loads(line, 0, NULL);

		cr_assert_not_null(object, "%s", line);
		cr_expect_eq(json_object_size(object), 5);
		for (unsigned i = 0; i < 5; i++)
			cr_expect(json_is_string(json_object_get(object, keys[i])), "%s", keys[i]);
		json_decref(object);
	}
	cr_expect_eq(lines, report.count);
	free(text);
}

Test(doctor_report, more_than_fit_are_counted)
{
	report.count = report.left_out = 0;
	for (unsigned i = 0; i < DOCTOR_FINDINGS_MAX + 3; i++)
		doctor_finding_mend(doctor_report_add(&report, "x", DOCTOR_OK, "%u", i), "none");
	cr_expect_eq(report.count, DOCTOR_FINDINGS_MAX);
	cr_expect_eq(report.left_out, 3);
}
