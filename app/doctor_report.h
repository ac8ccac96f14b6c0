/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_report.h - what was found: a line each, with what it costs and what mends it.
 *
 * A mend is a shell's text for root, to be pasted as it stands, with this machine's own values. Where
 * no command can help it is a comment of the shell, "# ...", that says what a person can do. Findings that
 * cost nothing have neither. Not thread-safe.
 */
#ifndef WEIR_APP_DOCTOR_REPORT_H
#define WEIR_APP_DOCTOR_REPORT_H

#include <stdio.h>

enum doctor_status {
	DOCTOR_FAIL,    /* what was asked for will not run */
	DOCTOR_WARN,    /* it runs, slower or less surely */
	DOCTOR_UNKNOWN, /* could not be checked; `found` says why */
	DOCTOR_OK,
	DOCTOR_STATUSES,
};

#define DOCTOR_FOUND 1024
#define DOCTOR_COST 512
#define DOCTOR_MEND 2048
#define DOCTOR_FINDINGS_MAX 256

struct doctor_finding {
	const char *check; /* static */
	enum doctor_status status;
	char found[DOCTOR_FOUND], cost[DOCTOR_COST], mend[DOCTOR_MEND];
};

struct doctor_report {
	unsigned count;
	unsigned left_out; /* beyond DOCTOR_FINDINGS_MAX */
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	struct doctor_finding spare; /* where those go */
};

/* "fail", "warn", "unknown", "ok" */
const char *doctor_status_name(enum doctor_status status);

/* Adds one. Returns it, for its cost and mend; never NULL. */
struct doctor_finding *doctor_report_add(struct doctor_report *report, const char *check,
					 enum doctor_status status, const char *found, ...)
	__attribute__((format(printf, 4, 5)));

void doctor_finding_cost(struct doctor_finding *finding, const char *cost, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_finding_mend(struct doctor_finding *finding, const char *mend, ...)
	__attribute__((format(printf, 2, 3)));

/* The worst first; equals stay in the order in which they were found. */
void doctor_report_sort(struct doctor_report *report);

unsigned doctor_report_count(const struct doctor_report *report, enum doctor_status status);

/* For people: a line each, cost and mend below it, and a line that counts them. */
void doctor_report_text(const struct doctor_report *report, FILE *out);

/* An object with the keys check, status, found, cost and mend, on a line each. 0, or -1: out of memory. */
int doctor_report_json(const struct doctor_report *report, FILE *out);

#endif
