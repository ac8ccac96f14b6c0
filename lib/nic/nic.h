/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nic.h - the door of nic/: ports of DPDK, the wire in memory, bursts and the capture.
 *
 * Frames go in and out here as mbufs, and nobody looks into them. What happens to them is core/'s
 * business, and who calls whom, when and on which lcore is run/'s.
 */
#ifndef WEIR_NIC_NIC_H
#define WEIR_NIC_NIC_H

#include "nic/burst.h"
#include "nic/capture.h"
#include "nic/port.h"
#include "nic/why.h"
#include "nic/wire.h"

#endif
