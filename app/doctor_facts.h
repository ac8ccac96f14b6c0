/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_facts.h - what the kernel tells by system calls alone: an interface's queues and addresses.
 */
#ifndef WEIR_APP_DOCTOR_FACTS_H
#define WEIR_APP_DOCTOR_FACTS_H

#include "doctor_port.h"

/* Fills in the last three fields of a port that has an interface, from this machine. */
void doctor_facts_read(struct doctor_port *port);

#endif
