/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_rows.h"

#include <stddef.h>

const struct argp_option options_common_rows[] = {
	{ NULL, 0, NULL, 0, "Addresses:", 10 },
	{ "addr", KEY_ADDR, "CIDR", 0, "Own addresses, of IPv4 or IPv6: A/LEN or A-B/LEN. Repeatable", 0 },
	{ "vlan", KEY_VLAN, "ID", 0, "All frames have the tag of this VLAN, 1 to 4094 (default: none)", 0 },
	{ NULL, 0, NULL, 0, "Machine:", 11 },
	{ "lcores", KEY_LCORES, "LIST", 0,
	  "CPUs that run the stack, 2,4-6 for example: one for each queue, in the order of ports and queues; with fewer, "
	  "some queues take turns (default: chosen near the port)",
	  0 },
	{ "queues", KEY_QUEUES, "N", 0,
	  "Queues of each port, a shard of the stack on each (default: the profile's, or one for each of --lcores)",
	  0 },
	{ "rest", KEY_REST, "WHEN", 0,
	  "What CPUs do while nothing comes. auto: sleep with virtual devices and in demo, spin with network cards "
	  "(default). never: spin. always: sleep",
	  0 },
	{ "max-connections", KEY_MAX_CONNECTIONS, "N", 0,
	  "Connections that exist at once on a side; sizes everything (default: 65536, or an eighth more than "
	  "--connections)",
	  0 },
	{ "eal", KEY_EAL, "ARGS", 0, "Arguments for DPDK's EAL; they win over weir's", 0 },
	{ NULL, 0, NULL, 0, "Run:", 12 },
	{ "duration", KEY_DURATION, "TIME", 0,
	  "Stop after this long (default: at a signal; demo: 10s, or 15s with --flood)", 0 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object per line on standard output", 0 },
	{ "capture", KEY_CAPTURE, "FILE", 0, "Record every frame as pcapng", 0 },
	{ "seed", KEY_SEED, "N", 0, "Take every random choice from N", 0 },
	{ "msl", KEY_MSL, "TIME", 0,
	  "Maximum segment lifetime; TIME-WAIT lasts twice this (default: 30s; demo: 1s)", 0 },
	{ "rfc1337", KEY_RFC1337, NULL, 0, "Ignore RST in TIME-WAIT", 0 },
	{ "help", KEY_HELP, NULL, 0, "Print this, and do nothing else", -1 },
	{ 0 },
};

const struct argp_option options_port_rows[] = {
	{ NULL, 0, NULL, 0, "Port:", 9 },
	{ "port", KEY_PORT, "DEVICE", 0,
	  "PCI address or DPDK vdev string, such as 0000:3b:00.0 or net_tap0,iface=t0. Repeatable: --profile, --addr, "
	  "--gateway and --vlan behind one are its own, those before the first are everybody's. For demo none, or the "
	  "client's and the server's",
	  0 },
	{ "profile", KEY_PROFILE, "NAME", 0,
	  "Settings of a device: one that comes with weir, such as mlx5 or tap, or a file with its path, such as ./own.conf",
	  0 },
	{ "gateway", KEY_GATEWAY, "ADDR", 0,
	  "Next hop for addresses that --addr has no network for; one for each family (IPv6 default: who advertises "
	  "itself)",
	  10 },
	{ 0 },
};

const struct argp_option options_serve_rows[] = {
	{ NULL, 0, NULL, 0, "Service:", 1 },
	{ "listen", KEY_LISTEN, "PORTS", 0, "Ports to listen on, such as 80,443 (default: 80)", 0 },
	{ "app", KEY_APP, "APP", 0,
	  "http: answers each request with a fixed body (default). echo: sends back what it gets. discard: reads and "
	  "drops. accept: accepts, and closes at once",
	  0 },
	{ "size", KEY_SIZE, "BYTES", 0, "http: size of the body (default: 24)", 0 },
	{ 0 },
};

const struct argp_option options_defence_rows[] = {
	{ NULL, 0, NULL, 0, "Defence against SYN floods:", 2 },
	{ "syn-defence", KEY_SYN_DEFENCE, "MODE", 0,
	  "auto: SYN cookies while they are needed (default). always: for every SYN. off: never; SYNs are refused while "
	  "the backlog is full",
	  0 },
	{ "backlog", KEY_BACKLOG, "N", 0,
	  "Half-open handshakes of a port (default: 65536, or --max-connections if that is less; with demo's --flood "
	  "4096)",
	  0 },
	{ "syn-per-source", KEY_SYN_PER_SOURCE, "N", 0,
	  "Half-open handshakes of an address, and 8 N of its /24, of IPv6 its /64; beyond, cookies (default: no limit)",
	  0 },
	{ "opens-per-source", KEY_OPENS_PER_SOURCE, "N", 0,
	  "New connections a second of an address, and 8 N of its /24, of IPv6 its /64; beyond, none (default: no limit)",
	  0 },
	{ "cookie-key", KEY_COOKIE_KEY, "FILE", 0,
	  "Secret that machines with one address share, to accept each other's cookies; 64 hex digits, read again at "
	  "SIGHUP",
	  0 },
	{ 0 },
};

const struct argp_option options_traffic_rows[] = {
	{ NULL, 0, NULL, 0, "Load:", 1 },
	{ "app", KEY_APP, "APP", 0,
	  "http: requests / and checks the responses (default). echo: sends a pattern and checks what returns. "
	  "connect: opens and closes",
	  0 },
	{ "rate", KEY_RATE, "N", 0,
	  "New connections per second, at intended times that latencies are counted from (default with demo's --flood: "
	  "10k)",
	  0 },
	{ "connections", KEY_CONNECTIONS, "N", 0,
	  "Open at once; each that ends makes room for a new one (default without --rate: 64; demo: 256)",
	  0 },
	{ "requests", KEY_REQUESTS, "N", 0, "Per connection; 0: until the end (default: 1)", 0 },
	{ "ramp", KEY_RAMP, "TIME", 0, "Time in which --rate or --connections is reached", 0 },
	{ "close", KEY_CLOSE, "HOW", 0,
	  "fin: this side closes first (default). rst: it aborts. peer: it lets the server close first", 0 },
	{ 0 },
};

const struct argp_option options_load_rows[] = {
	{ "connect", KEY_CONNECT, "ADDR:PORT", 0,
	  "Whom to connect to, 192.0.2.20:80 or [fd99::20]:80. Repeatable, up to 16: connections go to all in turn",
	  1 },
	{ "size", KEY_SIZE, "BYTES", 0, "echo: bytes per request (default: 64). http: body size to insist on",
	  1 },
	{ 0 },
};

const struct argp_option options_demo_rows[] = {
	/*
	 * Not demo's, and it says so: else getopt would take the first for an abbreviation of --connections.
	 */
	{ "connect", KEY_CONNECT, "ADDR:PORT", OPTION_HIDDEN, "", 1 },
	{ "size", KEY_SIZE, "BYTES", 0,
	  "http: body of a response (default: 24). echo: bytes per request (default: 64)", 1 },
	{ "family", KEY_FAMILY, "WHICH", 0,
	  "4: IPv4 (default). 6: IPv6. both: connections of each in turn. Left out with --addr, which tells",
	  1 },
	{ "flood", KEY_FLOOD, "PPS", 0,
	  "A SYN flood on the same wire, so many packets per second, or max (default: none). Without --syn-defence in "
	  "three parts: no flood, a flood and no defence, a flood and auto",
	  2 },
	{ 0 },
};

const struct argp_option options_flood_rows[] = {
	{ NULL, 0, NULL, 0, "Flood:", 1 },
	{ "connect", KEY_CONNECT, "ADDR:PORT", 0,
	  "The target: a private address, or one for benchmarks or documentation", 0 },
	{ "kind", KEY_KIND, "KIND", 0,
	  "Flags of the segments: syn (default), ack, synack, rst, fin, null, xmas, or mix, all of these",
	  0 },
	{ "rate", KEY_RATE, "PPS", 0, "Packets per second, or max: as many as the port takes", 0 },
	{ "source", KEY_SOURCE, "CIDR", 0,
	  "Where segments seem to come from: A/LEN, all hosts of a network, or A-B/LEN (default: --addr)",
	  0 },
	{ "plain", KEY_PLAIN, NULL, 0, "Segments without the TCP options that real ones have", 0 },
	{ "dest-mac", KEY_DEST_MAC, "MAC", 0,
	  "Ethernet address to send to, where nobody tells it (default: the target's or the gateway's, by ARP or neighbour "
	  "discovery; nobody is asked on net_null, and on net_pcap's files)",
	  0 },
	{ "i-am-authorised", KEY_AUTHORISED, NULL, 0, "The target's owner agrees: flood any address", 0 },
	{ 0 },
};

const struct argp_option options_doctor_rows[] = {
	{ NULL, 0, NULL, 0, "What weir is to do here:", 1 },
	{ "port", KEY_PORT, "DEVICE", 0,
	  "PCI address or DPDK vdev string that will be given to serve or load (default: the profile's, or none). "
	  "Repeatable",
	  0 },
	{ "profile", KEY_PROFILE, "NAME", 0, "Its settings; what the driver needs is told, too", 0 },
	{ "queues", KEY_QUEUES, "N", 0, "Queues of each port (default: as serve has it)", 0 },
	{ "lcores", KEY_LCORES, "LIST", 0,
	  "CPUs that will run the stack (default: the best are looked at, and named)", 0 },
	{ "max-connections", KEY_MAX_CONNECTIONS, "N", 0,
	  "Connections that will exist at once (default: 65536)", 0 },
	{ NULL, 0, NULL, 0, "Run:", 2 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object per finding and line on standard output", 0 },
	{ "help", KEY_HELP, NULL, 0, "Print this, and do nothing else", -1 },
	{ 0 },
};
