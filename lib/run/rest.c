/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK 22.11 has rte_power_monitor() and rte_eth_get_monitor_addr() on trial. */
#define ALLOW_EXPERIMENTAL_API

#include "run/rest.h"

#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_epoll.h>
#include <rte_ethdev.h>
#include <rte_power_intrinsics.h>

#include "base/check.h"
#include "base/clock.h"
#include "nic/nic.h"
#include "run/inboxes.h"
#include "run/tsc.h"

/* Beyond this, a wait for an interrupt need not be cut short. */
#define WAIT_NS (REST_WAIT_MS * CLOCK_NS_PER_MS + REST_MARGIN_NS)

void rest_add(struct rest *rest, struct rest_place place)
{
	CHECK(rest->count < REST_PLACES_MAX);
	rest->places[rest->count++] = place;
}

bool rest_is_due(const struct rest *rest, uint64_t tsc)
{
	return tsc_to_ns(tsc - rest->worked_tsc) >= REST_PATIENCE_NS;
}

uint64_t rest_nap_ns(uint64_t quiet_ns, uint64_t left_ns)
{
	uint64_t ns = RTE_MIN(quiet_ns / REST_SHARE, REST_NAP_MAX_NS);

	if (left_ns < REST_MARGIN_NS + REST_NAP_MIN_NS)
		return 0;
	ns = RTE_MIN(ns, left_ns - REST_MARGIN_NS);
	return ns < REST_NAP_MIN_NS ? 0 : ns;
}

static bool all_rest(const struct rest *rest)
{
	for (unsigned i = 0; i < rest->count; i++)
		if (!rest->places[i].port->rests)
			return false;
	return true;
}

/*
 * A NIC's lcore has a CPU to itself, which need not be given to others;
 * and one address is all that most processors watch.
 */
static bool can_monitor(const struct rest *rest)
{
	struct rte_cpu_intrinsics cpu = { 0 };
	struct rte_power_monitor_cond cond;

	rte_cpu_get_intrinsics_support(&cpu);
	return cpu.power_monitor && rest->count == 1 && !rest->places[0].port->is_virtual &&
	       rte_eth_get_monitor_addr(rest->places[0].port->id, rest->places[0].queue, &cond) == 0;
}

/* The driver takes them off again when the port is stopped. */
static bool can_wait(const struct rest *rest)
{
	for (unsigned i = 0; i < rest->count; i++)
		if (rte_eth_dev_rx_intr_ctl_q(rest->places[i].port->id, rest->places[i].queue,
					      RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL) != 0)
			return false;
	return true;
}

/* On the lcore's own thread, which slack and interrupts belong to. */
static enum rest_way settle(const struct rest *rest)
{
	if (!all_rest(rest))
		return REST_SPIN;
	prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	if (can_monitor(rest))
		return REST_MONITOR;
	return can_wait(rest) ? REST_INTERRUPT : REST_NAP;
}

/* A signal ends it early, and that is meant. */
static void nap(uint64_t ns)
{
	struct timespec time = { .tv_nsec = (long)ns };

	nanosleep(&time, NULL);
}

static void monitor(const struct rest *rest, uint64_t ns)
{
	struct rte_power_monitor_cond cond;

	if (rte_eth_get_monitor_addr(rest->places[0].port->id, rest->places[0].queue, &cond) == 0)
		rte_power_monitor(&cond, rte_rdtsc() + ns * tsc_hz() / CLOCK_NS_PER_S);
}

/* Where a driver cannot turn them on and off (net_tap), they are on. */
static void arm(const struct rest *rest, bool on)
{
	for (unsigned i = 0; i < rest->count; i++) {
		if (on)
			rte_eth_dev_rx_intr_enable(rest->places[i].port->id, rest->places[i].queue);
		else
			rte_eth_dev_rx_intr_disable(rest->places[i].port->id, rest->places[i].queue);
	}
}

/* False also where a driver cannot say; a frame that it hides waits for REST_WAIT_MS. */
static bool has_frames(const struct rest *rest)
{
	for (unsigned i = 0; i < rest->count; i++) {
		const struct rest_place *place = &rest->places[i];

		if (rte_eth_rx_queue_count(place->port->id, place->queue) > 0)
			return true;
		if (place->inboxes != NULL && inboxes_wait(place->inboxes, place->queue))
			return true;
	}
	return false;
}

/*
 * What is announced may take a moment to be there
 * (net_tap's other thread has to see it first): so spin again.
 */
static void wait(struct rest *rest)
{
	struct rte_epoll_event events[REST_PLACES_MAX];

	arm(rest, true);
	/* What came before brings no interrupt. */
	if (has_frames(rest) ||
	    rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, (int)rest->count, REST_WAIT_MS) > 0)
		rest_worked(rest, rte_rdtsc());
	arm(rest, false);
}

void rest_lap(struct rest *rest, uint64_t tsc, uint64_t left_ns)
{
	uint64_t ns = rest_nap_ns(tsc_to_ns(tsc - rest->worked_tsc), left_ns);

	if (rest->way == REST_UNSETTLED)
		rest->way = settle(rest);
	if (rest->way == REST_SPIN || ns == 0)
		sched_yield();
	else if (rest->way == REST_MONITOR)
		monitor(rest, ns);
	else if (rest->way == REST_INTERRUPT && left_ns >= WAIT_NS)
		wait(rest);
	else
		nap(ns);
}
