/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options_ports.h - what belongs to which port, and where each leads.
 *
 * On the command line --profile, --addr, --gateway and --vlan behind a --port are that port's. Those before
 * the first are everybody's: a port without one of its own has them. To a port that is alone belong the
 * addresses of both places. Without any --port a profile stands for one: its device is the port.
 *
 * demo has two, the client's and the server's: those of its --port options, or the ends of a wire. Of its
 * addresses before the first --port every other one of a family is the server's.
 *
 * Between the two parts of options_parse(), defaults and checks; pure.
 */
#ifndef WEIR_APP_OPTIONS_PORTS_H
#define WEIR_APP_OPTIONS_PORTS_H

#include "options.h"

/* Makes the list of ports complete. Of demo: with the addresses of `common`, given or chosen. */
void options_ports_settle(struct options *options);

/*
 * Which of --connect each port has a way to: by a network of its own or by a gateway. Where no port has one,
 * those that an IPv6 router could advertise itself to.
 */
void options_ports_route(struct options *options);

/* Has the port an address of that one's family? */
bool options_port_has_family(const struct options_port *port, struct weir_address address);

/* Is it on a network of the port's? A link-local address is on every link. */
bool options_port_is_on_link(const struct options_port *port, struct weir_address address);

/* How many of the ports, from the first on, connect to others: of demo's two the client's. */
unsigned options_ports_of_clients(const struct options *options);

/* Do the ports agree with themselves and each other? 0, or -EINVAL with one line. */
int options_ports_check(const struct options *options, char error[OPTIONS_ERROR_MAX]);

/* Is there a port from which one may connect there? 0, or -EINVAL with one line. */
int options_ports_check_target(const struct options *options, struct weir_address address,
			       char error[OPTIONS_ERROR_MAX]);

/* Writes the line of an error; -EINVAL. */
__attribute__((format(printf, 2, 3))) int options_wrong(char error[OPTIONS_ERROR_MAX], const char *format,
							...);

/* "IPv4", "IPv6" */
const char *options_family_of(struct weir_address address);

/* The name of a port in lines for people, also of one whose profile has yet to say it. */
const char *options_port_name(const struct options_port *port);

#endif
