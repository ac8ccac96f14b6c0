/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[DOCTOR_STATUSES] = {
	[DOCTOR_FAIL] = "fail",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_UNKNOWN] = "unknown",
	[DOCTOR_OK] = "ok",
};

/* Columns of a status and of a check's name. */
#define STATUS_WIDTH 8
#define CHECK_WIDTH 14

const char *doctor_status_name(enum doctor_status status)
{
	return names[status];
}

struct doctor_finding *doctor_report_add(struct doctor_report *report, const char *check,
					 enum doctor_status status, const char *found, ...)
{
	struct doctor_finding *finding = &report->spare;
	va_list args;

	if (report->count < DOCTOR_FINDINGS_MAX)
		finding = &report->findings[report->count++];
	else
		report->left_out++;
	*finding = (struct doctor_finding){ .check = check, .status = status };
	va_start(args, found);
	vsnprintf(finding->found, sizeof(finding->found), found, args);
	va_end(args);
	return finding;
}

void doctor_finding_cost(struct doctor_finding *finding, const char *cost, ...)
{
	va_list args;

	va_start(args, cost);
	vsnprintf(finding->cost, sizeof(finding->cost), cost, args);
	va_end(args);
}

void doctor_finding_mend(struct doctor_finding *finding, const char *mend, ...)
{
	va_list args;

	va_start(args, mend);
	vsnprintf(finding->mend, sizeof(finding->mend), mend, args);
	va_end(args);
}

void doctor_report_sort(struct doctor_report *report)
{
	static struct doctor_finding sorted[DOCTOR_FINDINGS_MAX];
	unsigned n = 0;

	for (unsigned status = 0; status < DOCTOR_STATUSES; status++)
		for (unsigned i = 0; i < report->count; i++)
			if (report->findings[i].status == status)
				sorted[n++] = report->findings[i];
	memcpy(report->findings, sorted, n * sizeof(sorted[0]));
}

unsigned doctor_report_count(const struct doctor_report *report, enum doctor_status status)
{
	unsigned count = 0;

	for (unsigned i = 0; i < report->count; i++)
		count += report->findings[i].status == status;
	return count;
}

void doctor_report_text(const struct doctor_report *report, FILE *out)
{
	for (unsigned i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];

		fprintf(out, "%-*s %-*s %s\n", STATUS_WIDTH, names[finding->status], CHECK_WIDTH,
			finding->check, finding->found);
		if (finding->cost[0] != '\0')
			fprintf(out, "    cost: %s\n", finding->cost);
		if (finding->mend[0] != '\0')
			fprintf(out, "    mend: %s\n", finding->mend);
	}
	fprintf(out, "%u fail, %u warn, %u unknown, %u ok; mends are a root shell's\n",
		doctor_report_count(report, DOCTOR_FAIL), doctor_report_count(report, DOCTOR_WARN),
		doctor_report_count(report, DOCTOR_UNKNOWN), doctor_report_count(report, DOCTOR_OK));
	if (report->left_out > 0)
		fprintf(out, "%u more findings had no room\n", report->left_out);
}

int doctor_report_json(const struct doctor_report *report, FILE *out)
{
	for (unsigned i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "check", finding->check, "status",
					   names[finding->status], "found", finding->found, "cost",
					   finding->cost, "mend", finding->mend);
		char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

		json_decref(object);
		if (text == NULL)
			return -1;
		fprintf(out, "%s\n", text);
		free(text);
	}
	return 0;
}
