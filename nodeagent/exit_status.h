// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * How the program ends; --help documents these numbers.
 */
#ifndef NODEAGENT_EXIT_STATUS_H
#define NODEAGENT_EXIT_STATUS_H

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAULT = 1,       /* something on this machine went wrong */
	EXIT_USAGE = 2,       /* options or words that make no sense */
	EXIT_REFUSED = 3,     /* the tower refused the first join, or Redis its signpost */
	EXIT_UNREACHABLE = 4, /* no tower or signpost, and no cache to start from */
	EXIT_UNTRUSTED = 5,   /* the tower's pin or certificate is wrong */
	EXIT_NOT_RUNNING = 6, /* status, why: no agent runs here */
};

#endif
