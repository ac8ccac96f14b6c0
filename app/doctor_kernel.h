/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_kernel.h - what several checks ask of the kernel, and mends that several have in common.
 */
#ifndef WEIR_APP_DOCTOR_KERNEL_H
#define WEIR_APP_DOCTOR_KERNEL_H

#include "doctor_checks.h"

/* Does any port have to be taken from the kernel? */
bool doctor_kernel_gives(const struct doctor *doctor);

/* Groups of devices that the IOMMU keeps apart; 0: there is none in use. */
unsigned doctor_kernel_groups(const char *root);

/* vfio without an IOMMU, switched on by somebody. */
bool doctor_kernel_unsafe(const char *root);

/* Does this process have it? A number of linux/capability.h. */
bool doctor_kernel_capable(const char *root, unsigned capability);

/* The user that this process runs as; UINT32_MAX if the kernel does not tell. */
uint32_t doctor_kernel_user(const char *root);

/* Is the kernel's release at least this one? */
bool doctor_kernel_since(const char *root, unsigned major, unsigned minor);

enum doctor_module {
	DOCTOR_MODULE_LOADED,  /* or built in, as far as it shows */
	DOCTOR_MODULE_THERE,   /* modprobe would find it */
	DOCTOR_MODULE_MISSING, /* this kernel came without */
};

/* name: as modprobe has it, "vfio-pci". */
enum doctor_module doctor_kernel_module(const char *root, const char *name);

/* A virtual machine, as its CPU says. */
bool doctor_kernel_is_guest(const char *root);

/* The process that started this one: the shell, for limits that it hands down. */
int doctor_kernel_parent(const char *root);

/* A mend that puts words on the kernel's command line, under a name; how depends on the boot loader. */
void doctor_kernel_mend(const struct doctor *doctor, struct doctor_finding *finding, const char *name,
			const char *words);

/* A mend that gives weir other options: the doctor's own command with them, to be seen to help. */
void doctor_kernel_mend_options(const struct doctor *doctor, struct doctor_finding *finding,
				const unsigned *lcores, unsigned lcores_count, uint32_t max_connections);

/* "512 MiB", "1.4 GiB" */
#define DOCTOR_BYTES 32
const char *doctor_bytes(uint64_t bytes, char text[DOCTOR_BYTES]);

#endif
