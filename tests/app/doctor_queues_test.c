/* SPDX-License-Identifier: BSD-3-Clause */
/* How many queues a device has, and whether each has a CPU of its own: on a machine made up in a folder. */
#include <criterion/criterion.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_machine.h"

static struct doctor_report report;
static struct profile profile;
static struct doctor doctor;

TestSuite(doctor_queues, .init = machine_make, .fini = machine_unmake);

/* What memory takes is for other tests. */
static uint64_t shard_bytes(const struct doctor *d, uint32_t max_connections)
{
	(void)d;
	return max_connections;
}

/* Two queues, on CPUs that are fit for them. */
static void prepare(const char *device)
{
	static const unsigned fit[] = { 4, 6 };

	profile_default(&profile);
	doctor = (struct doctor){ .root = machine_root,
				  .report = &report,
				  .lcores = fit,
				  .lcores_count = 2,
				  .queues = 2,
				  .max_connections = 10240,
				  .profile = &profile,
				  .shard_bytes = shard_bytes,
				  .ports_count = 1 };
	doctor_port_find(&doctor.ports[0], machine_root, device);
	doctor.ports[0].channels_known = true;
	doctor.ports[0].channels_now = 2;
	doctor.ports[0].channels_max = 8;
}

static const struct doctor_finding *examine(const char *check)
{
	report.count = 0;
	doctor_examine(&doctor);
	for (unsigned i = 0; i < report.count; i++)
		if (strcmp(report.findings[i].check, check) == 0 &&
		    report.findings[i].status <= DOCTOR_UNKNOWN)
			return &report.findings[i];
	return NULL;
}

Test(doctor_queues, queues_of_an_interface)
{
	const struct doctor_finding *finding;

	prepare("net_af_xdp0,iface=eth1,queue_count=2");
	cr_expect_null(examine("queues"));
	doctor.ports[0].channels_now = 8;
	finding = examine("queues");
	cr_expect_eq(finding->status, DOCTOR_WARN);
	cr_expect_str_eq(finding->mend, "ethtool -L eth1 combined 2");
	doctor.ports[0].channels_now = 1;
	finding = examine("queues");
	cr_expect_eq(finding->status, DOCTOR_FAIL);
	cr_expect_str_eq(finding->mend, "ethtool -L eth1 combined 2");
	doctor.ports[0].channels_apart = true;
	cr_expect_str_eq(examine("queues")->mend, "ethtool -L eth1 rx 2 tx 2");
	doctor.ports[0].channels_max = 1;
	finding = examine("queues");
	cr_expect_eq(finding->status, DOCTOR_FAIL);
	cr_expect_str_eq(finding->mend, "# give --queues 1, and as many --lcores");
	doctor.ports[0].channels_known = false;
	cr_expect_eq(examine("queues")->status, DOCTOR_UNKNOWN);
	/* af_packet's are its own, and not the interface's. */
	prepare("net_af_packet0,iface=eth1,qpairs=2");
	doctor.ports[0].channels_max = 1;
	cr_expect_null(examine("queues"));
}

Test(doctor_queues, queues_by_arguments)
{
	static const struct {
		const char *device, *mend;
	} cases[] = {
		{ "net_af_packet0,iface=eth1", "# give the device qpairs=2, or weir --queues 1" },
		{ "net_af_packet0,qpairs=1,iface=eth1", "# give the device qpairs=2, or weir --queues 1" },
		{ "net_af_xdp0,iface=eth1", "# give the device queue_count=2, or weir --queues 1" },
		{ "net_vhost0,iface=/tmp/s,queues=1", "# give the device queues=2, or weir --queues 1" },
		{ "net_virtio_user0,path=/tmp/s", "# give the device queues=2, or weir --queues 1" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct doctor_finding *finding;

		prepare(cases[i].device);
		finding = examine("queues");
		cr_assert_not_null(finding, "%s", cases[i].device);
		cr_expect_eq(finding->status, DOCTOR_FAIL, "%s", cases[i].device);
		cr_expect_str_eq(finding->mend, cases[i].mend);
	}
}

Test(doctor_queues, queues_that_share_a_cpu)
{
	const struct doctor_finding *finding;

	prepare("net_tap0,iface=t0");
	doctor.queues = 3;
	doctor.queues_given = true;
	finding = examine("lcores");
	cr_assert_not_null(finding);
	cr_expect_eq(finding->status, DOCTOR_WARN);
	cr_expect_not_null(strstr(finding->found, "3 queues in all for CPUs 4,6"), "%s", finding->found);
	cr_expect_not_null(strstr(finding->mend, " --queues 3 "), "one CPU more: %s", finding->mend);
	doctor.queues = 2;
	cr_expect_null(examine("lcores"));
}
