// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * resolv.conf, which anybody's DHCP client writes. Parsers: nodeagent/resolv_conf.c
 */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "nodeagent/resolv_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the text: few servers, each once, each one that could be routed to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct resolv_conf conf = { .len = 0 };

	if (!text)
		return 0;
	resolv_conf_parse(text, &conf);
	if (conf.len > RESOLV_CONF_SERVERS_MAX)
		abort();
	for (size_t i = 0; i < conf.len; i++) {
		if (ip_is_special(&conf.servers[i]))
			abort();
		for (size_t j = 0; j < i; j++) {
			if (ip_equal(&conf.servers[i], &conf.servers[j]))
				abort();
		}
	}
	return 0;
}
