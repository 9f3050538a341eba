// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a stranger can make grow, and how far.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <stdint.h>

struct limits {
	uint64_t zones;
	uint64_t peers_per_zone;
	uint64_t prefixes_per_peer;
	uint64_t tokens_per_zone;
	uint64_t resting_per_zone; /* past it the oldest resting address is freed early */
};

#define LIMITS_DEFAULT                              \
	((struct limits){ .zones = 10000,           \
			  .peers_per_zone = 100000, \
			  .prefixes_per_peer = 512, \
			  .tokens_per_zone = 1000,  \
			  .resting_per_zone = 10000 })

#endif
