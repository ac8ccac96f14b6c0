/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

/* How soon a signal or the end is noticed. */
#define SLICE_NS (10 * NS_PER_MS)
/* And that addresses may be used. */
#define READY_SLICE_NS NS_PER_MS
/* How long connections may take to end by themselves: a lost FIN and its first retransmissions. */
#define DRAIN_NS (5 * NS_PER_S)
/* How long the RSTs of an abort may take to leave, if none does in the meantime. */
#define ABORT_NS NS_PER_S
/* The last ACKs are built in the round after, and cross the wire in the next. */
#define SETTLE_NS (20 * NS_PER_MS)
/* Frames may still wait for a neighbour that does not answer: it is given up 7 s after the first. */
#define SETTLE_MAX_NS (8 * NS_PER_S)
#define SECOND_SIGNAL_NS (50 * NS_PER_MS)
/* Clients end their plan by themselves, each at its own start plus the duration. */
#define GRACE_NS (200 * NS_PER_MS)
/* A flood leaves handshakes behind that nobody will complete, and clients that nobody answers. */
#define FLOODED_DRAIN_NS NS_PER_S

enum stage {
	STAGE_RUNNING,
	STAGE_DRAINING,
	STAGE_SETTLING,
	STAGE_OVER,
};

struct run {
	struct session *session;
	struct sample *now;                      /* of one side, while its figures are made */
	struct sample *since[SESSION_SIDES_MAX]; /* the last second's */
	struct figures figures[SESSION_SIDES_MAX];
	struct flood_figures flood;
	const struct flood_phase *phase; /* of a demo that is flooded */
	uint64_t start_ns;
	enum stage stage;
	unsigned draining; /* which side */
	uint64_t until_ns; /* of the stage */
	uint64_t left;     /* connections of the side that is draining, when it was last told to end them */
};

/* Signals say only that they came; the main thread acts on them. */
static volatile sig_atomic_t signals, hangups;
static struct weir_runtime *signal_runtime;
static uint64_t signal_ns;

/*
 * One command to stop often comes twice at once: timeout(1) signals its child and then its group, a
 * terminal the whole of it. Only what comes later is a second wish.
 */
static void on_signal(int signal)
{
	uint64_t now_ns = weir_now_ns();

	(void)signal;
	if (signals > 0 && now_ns - signal_ns < SECOND_SIGNAL_NS)
		return;
	signals++;
	signal_ns = now_ns;
	if (signals > 1)
		weir_runtime_stop(signal_runtime);
}

static void on_hangup(int signal)
{
	(void)signal;
	hangups = 1;
}

static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

void session_hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

static void catch_signals(const struct session *session)
{
	struct sigaction action = { .sa_handler = on_signal }, hangup = { .sa_handler = on_hangup };

	signal_runtime = session->runtime;
	sigemptyset(&hangup.sa_mask);
	if (session->options->cookie_key != NULL)
		sigaction(SIGHUP, &hangup, NULL);
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A reader that went away shows as a failed write. */
	signal(SIGPIPE, SIG_IGN);
	mask_signals(SIG_UNBLOCK);
}

static double seconds_since(const struct run *run, uint64_t now_ns)
{
	return (double)(now_ns - run->start_ns) / 1e9;
}

/* total: figures of the whole run instead of the last second. */
static void make_figures(struct run *run, bool total, struct output_side *sides)
{
	struct session *session = run->session;

	for (unsigned i = 0; i < session->sides_count; i++) {
		side_sample(&session->sides[i], run->now);
		if (total) {
			memset(run->since[i], 0, sizeof(*run->since[i]));
			run->since[i]->now_ns = run->start_ns;
		}
		figures_make(run->now, run->since[i], &run->figures[i]);
		if (side_floods(&session->sides[i]))
			flood_figures_make(&run->now->flood, &run->since[i]->flood, run->figures[i].seconds,
					   &run->flood);
		*run->since[i] = *run->now;
		sides[i] = (struct output_side){
			.name = session->sides_count > 1 ? session->sides[i].name : NULL,
			.is_client = session->sides[i].is_client,
			.figures = &run->figures[i],
			.flood = side_floods(&session->sides[i]) ? &run->flood : NULL,
		};
	}
}

static void tell_second(struct run *run, uint64_t now_ns)
{
	struct output_side sides[SESSION_SIDES_MAX];

	make_figures(run, false, sides);
	/* It was so for most of the second, whatever the last of its milliseconds brought. */
	if (run->phase != NULL)
		run->flood.phase =
			flood_phase_at(run->session->options, now_ns - run->start_ns - NS_PER_S / 2)->name;
	output_second(&run->session->output, sides, run->session->sides_count, seconds_since(run, now_ns));
}

static void tell_summary(struct run *run)
{
	struct output_side sides[SESSION_SIDES_MAX];

	make_figures(run, true, sides);
	run->flood.phase = NULL;
	output_summary(&run->session->output, sides, run->session->sides_count,
		       seconds_since(run, weir_now_ns()));
}

static void drain(struct run *run, unsigned side, uint64_t now_ns)
{
	run->stage = STAGE_DRAINING;
	run->draining = side;
	run->until_ns = now_ns + (run->phase != NULL ? FLOODED_DRAIN_NS : DRAIN_NS);
	order_give(&run->session->sides[side].orders.stop);
}

static int fatal(const struct session *session)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < session->sides_count; i++)
		rc = side_fatal(&session->sides[i]);
	return rc;
}

static bool time_is_over(const struct run *run, uint64_t now_ns)
{
	const struct session *session = run->session;
	uint64_t duration_ns = session->options->duration_ns;

	if (duration_ns == 0 || now_ns - run->start_ns < duration_ns)
		return false;
	return !session->sides[0].is_client || side_stopped(&session->sides[0]) ||
	       now_ns - run->start_ns >= duration_ns + GRACE_NS;
}

static void step_draining(struct run *run, uint64_t now_ns)
{
	struct side *side = &run->session->sides[run->draining];
	bool late = now_ns >= run->until_ns;

	/* Millions take their time. */
	if (late && side->orders.abort && side_left(side) < run->left) {
		run->left = side_left(side);
		run->until_ns = now_ns + ABORT_NS;
		late = false;
	}
	if (side_drained(side) || (late && side->orders.abort)) {
		if (run->draining + 1 < run->session->sides_count) {
			drain(run, run->draining + 1, now_ns);
		} else {
			run->stage = STAGE_SETTLING;
			run->until_ns = now_ns + SETTLE_NS;
		}
	} else if (late) {
		order_give(&side->orders.abort);
		run->left = side_left(side);
		run->until_ns = now_ns + ABORT_NS;
	}
}

/* The rate of `weir flood` never changes, that of demo by its phases. */
static void set_flood(struct run *run, uint64_t now_ns)
{
	struct session *session = run->session;
	const struct options *options = session->options;
	const struct flood_phase *phase;

	if (options->command == COMMAND_FLOOD && now_ns == run->start_ns)
		side_set_flood(&session->sides[0], options->flood_pps);
	if (options->command != COMMAND_DEMO || options->flood_pps == 0)
		return;
	phase = flood_phase_at(options, now_ns - run->start_ns);
	if (phase == run->phase)
		return;
	run->phase = phase;
	order_defence(&session->sides[1].orders, phase->defence);
	side_set_flood(&session->sides[0], phase->flooded ? options->flood_pps : 0);
	output_phase(&session->output, phase);
}

static bool balanced(const struct session *session)
{
	for (unsigned i = 0; i < session->sides_count; i++)
		if (!side_balanced(&session->sides[i]))
			return false;
	return true;
}

static void step(struct run *run, uint64_t now_ns)
{
	switch (run->stage) {
	case STAGE_RUNNING:
		if (signals > 0 || time_is_over(run, now_ns) || fatal(run->session) != 0 ||
		    run->session->output.broken)
			drain(run, 0, now_ns);
		else
			set_flood(run, now_ns);
		return;
	case STAGE_DRAINING:
		step_draining(run, now_ns);
		return;
	case STAGE_SETTLING:
		if (now_ns >= run->until_ns &&
		    (balanced(run->session) || now_ns >= run->until_ns + SETTLE_MAX_NS))
			run->stage = STAGE_OVER;
		return;
	case STAGE_OVER:
		return;
	}
}

/* A key is for the shards alone once all have taken it; not before that is the next one read. */
static void watch_key(struct session *session)
{
	char line[COOKIE_KEY_ERROR_MAX];

	for (unsigned i = 0; i < session->sides_count; i++)
		if (!side_took_key(&session->sides[i]))
			return;
	explicit_bzero(session->key.key, sizeof(session->key.key));
	if (hangups == 0)
		return;
	hangups = 0;
	if (cookie_key_read(session->options->cookie_key, session->key.key, line) != 0) {
		fprintf(stderr, "weir %s: %s (the old key stays)\n",
			options_command_name(session->options->command), line);
		return;
	}
	cookie_key_give(&session->key);
	output_notice(&session->output, "cookie key read again");
}

static void loop(struct run *run)
{
	uint64_t now_ns = run->start_ns, second_ns = now_ns + NS_PER_S;

	while (run->stage != STAGE_OVER) {
		uint64_t until_ns = now_ns + SLICE_NS;

		if (!weir_runtime_poll(run->session->runtime, until_ns < second_ns ? until_ns : second_ns))
			return;
		now_ns = weir_now_ns();
		if (now_ns >= second_ns) {
			tell_second(run, now_ns);
			second_ns += NS_PER_S;
		}
		watch_key(run->session);
		step(run, now_ns);
	}
}

__attribute__((format(printf, 3, 4))) static void complain(const struct session *session, bool *failed,
							   const char *format, ...)
{
	va_list args;

	*failed = true;
	fprintf(stderr, "weir %s: ", options_command_name(session->options->command));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static uint64_t failure_count(const struct figures *figures, const char *name)
{
	for (unsigned i = 0; i < figures->failures.count; i++)
		if (strcmp(figures->failures.entries[i].name, name) == 0)
			return figures->failures.entries[i].count;
	return 0;
}

/* Failures that are this side's business: a server is not to blame for its peers. */
static uint64_t blame(const struct session *session, unsigned side, const struct figures *figures)
{
	uint64_t failed = figures->failed;

	/* A demo of a flood is there to show them. */
	if (session->options->command == COMMAND_DEMO && session->options->flood_pps != 0)
		return 0;
	if (session->sides[side].is_client)
		return failed;
	if (session->options->command != COMMAND_DEMO)
		return 0;
	return session->options->close == CLOSE_RST ? failed - failure_count(figures, "reset") : failed;
}

/* What most of those failed by that blame() counts, or check() after a signal. */
static const char *main_failure(const struct session *session, unsigned side, const struct figures *figures)
{
	bool resets_excused = !session->sides[side].is_client && session->options->close == CLOSE_RST;
	const char *main = "";
	uint64_t most = 0;

	for (unsigned i = 0; i < figures->failures.count; i++) {
		const char *name = figures->failures.entries[i].name;
		uint64_t count = figures->failures.entries[i].count;

		if ((signals > 0 && strcmp(name, "shutdown") == 0) ||
		    (resets_excused && strcmp(name, "reset") == 0))
			continue;
		if (count > most) {
			most = count;
			main = name;
		}
	}
	return main;
}

/*
 * Connections to somebody who is not there end as those to somebody who is slow; here is the difference. A
 * run that a signal ended is not to blame for it.
 */
static void check_targets(const struct session *session, const struct figures *f, bool *failed)
{
	const struct options *options = session->options;
	uint32_t silent = f->targets_tried & ~f->targets_answered;
	bool excused = false, *blamed = signals > 0 || options->flood_pps != 0 ? &excused : failed;

	for (unsigned i = 0; i < options->connect_count; i++) {
		const char *option = options->command == COMMAND_DEMO ? "" : "--connect: ";
		char text[UNITS_ENDPOINT_TEXT];

		if ((silent >> i & 1) == 0)
			continue;
		units_endpoint_text(&options->connect[i], text);
		if (f->targets_resolved >> i & 1)
			complain(session, blamed,
				 "%s%s answered no SYN; its Ethernet address, or its gateway's, is known",
				 option, text);
		else
			complain(session, blamed,
				 "%s%s is not there: it did not answer %s, nor did a gateway to it", option,
				 text,
				 weir_is_ipv4(options->connect[i].address) ? "ARP" : "neighbour discovery");
	}
}

static void check(const struct run *run, bool *failed)
{
	const struct session *session = run->session;
	int rc = fatal(session);

	if (rc == -EHOSTUNREACH && session->options->command == COMMAND_FLOOD)
		complain(
			session, failed,
			"nobody answers for the target or its gateway by ARP or neighbour discovery; where nobody can, "
			"give --dest-mac");
	else if (rc == -ENETUNREACH)
		complain(session, failed, "no router advertises itself to this link; give --gateway");
	else if (rc != 0)
		complain(session, failed, "--connect: connections cannot be opened: %s", strerror(-rc));
	for (unsigned i = 0; i < session->sides_count; i++) {
		const struct figures *f = &run->figures[i];
		const char *name = session->sides[i].name;
		uint64_t blamed = blame(session, i, f);

		if (session->sides[i].is_client)
			check_targets(session, f, failed);

		/* A run that was cut short is allowed to leave connections cut short. */
		if (signals > 0)
			blamed -= blamed < failure_count(f, "shutdown") ? blamed :
									  failure_count(f, "shutdown");
		if (blamed > 0)
			complain(session, failed, "%lu connections of the %s failed, most by: %s", blamed,
				 name, main_failure(session, i, f));
		if (signals < 2 && f->mbufs_taken != f->mbufs_returned)
			complain(session, failed, "the %s took %lu buffers and returned %lu", name,
				 f->mbufs_taken, f->mbufs_returned);
	}
	if (session->output.broken && session->output.why != EPIPE)
		complain(session, failed, "standard output: %s", strerror(session->output.why));
	if (signals > 1)
		complain(session, failed, "stopped at once; connections were left open");
}

/* What the stack makes of the port's MAC address (RFC 4291 appendix A). */
static struct weir_address link_local(const struct session *session, int port)
{
	struct weir_port_info info = { 0 };
	uint64_t id = 0;

	weir_runtime_port_info(session->runtime, port, &info);
	for (unsigned i = 0; i < sizeof(info.mac); i++) {
		id = id << 8 | info.mac[i];
		if (i == 2)
			id = id << 16 | 0xfffe;
	}
	return (struct weir_address){ 0xfe80000000000000, id ^ 0x0200000000000000 };
}

/* Somebody answered the question whether an address is taken: one of those that were asked for. */
static void complain_of_address(const struct session *session, bool *failed)
{
	char text[UNITS_ADDRESS_TEXT], names[WEIR_MAX_RANGES * (UNITS_ADDRESS_TEXT + 4)] = "";
	const struct side_shard *refused = NULL;
	const struct options_port *place;

	for (unsigned i = 0; i < session->sides_count && refused == NULL; i++)
		refused = side_refused(&session->sides[i]);
	if (refused == NULL)
		return;
	place = refused->on->place;
	for (unsigned i = 0; i < place->ranges_count; i++) {
		if (weir_is_ipv4(place->ranges[i].first))
			continue;
		units_address_text(place->ranges[i].first, text);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 names[0] != '\0' ? ", " : "", text);
	}
	units_address_text(link_local(session, refused->port), text);
	complain(session, failed,
		 "--addr: %s, or the port's link-local address %s, is in use by somebody else on this link",
		 names, text);
}

/*
 * Until all shards may use their addresses, and then tells all of them to begin. 1; 0: a signal, or an end of
 * the output, came first; -EADDRINUSE.
 */
static int wait_until_ready(struct run *run)
{
	struct session *session = run->session;
	int ready = 0;

	while (ready == 0 && signals == 0) {
		if (!weir_runtime_poll(session->runtime, weir_now_ns() + READY_SLICE_NS))
			break;
		ready = 1;
		for (unsigned i = 0; i < session->sides_count && ready == 1; i++)
			ready = side_ready(&session->sides[i]);
	}
	run->start_ns = weir_now_ns();
	for (unsigned i = 0; i < session->sides_count; i++) {
		run->since[i]->now_ns = run->start_ns;
		if (ready == 1)
			order_give(&session->sides[i].orders.start);
	}
	return ready;
}

static bool take_memory(struct run *run)
{
	run->now = calloc(1, sizeof(*run->now));
	for (unsigned i = 0; i < run->session->sides_count; i++)
		run->since[i] = calloc(1, sizeof(*run->since[i]));
	for (unsigned i = 0; i < run->session->sides_count; i++)
		if (run->since[i] == NULL)
			return false;
	return run->now != NULL;
}

static void give_memory(struct run *run)
{
	free(run->now);
	for (unsigned i = 0; i < run->session->sides_count; i++)
		free(run->since[i]);
}

int session_run(struct session *session, const struct layout *layout, bool *failed,
		char error[SESSION_ERROR_MAX])
{
	struct run *run = calloc(1, sizeof(*run));
	int rc = -ENOMEM, ready;

	if (run == NULL)
		return rc;
	run->session = session;
	run->flood.kind = options_flood_name(session->options->kind);
	if (!take_memory(run)) {
		snprintf(error, SESSION_ERROR_MAX, "%s", strerror(ENOMEM));
		goto free_run;
	}
	catch_signals(session);
	rc = weir_runtime_start(session->runtime);
	if (rc != 0) {
		snprintf(error, SESSION_ERROR_MAX, "%s", weir_runtime_error(session->runtime));
		goto free_run;
	}
	ready = wait_until_ready(run);
	if (ready == 1) {
		output_ready(&session->output, layout);
		set_flood(run, run->start_ns);
	}
	if (ready >= 0)
		loop(run);
	weir_runtime_stop(session->runtime);
	weir_runtime_join(session->runtime);
	for (unsigned i = 0; i < session->sides_count; i++)
		side_release(&session->sides[i]);
	if (ready >= 0) {
		tell_summary(run);
		check(run, failed);
	} else {
		complain_of_address(session, failed);
	}
free_run:
	give_memory(run);
	free(run);
	return rc;
}
