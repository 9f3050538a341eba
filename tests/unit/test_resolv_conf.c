// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/resolv_conf.h"

#include "base/str.h"
#include "check.h"

static void servers_of(const char *text, char *to, size_t to_bytes)
{
	struct resolv_conf conf = { .len = 0 };
	_cleanup_str_ struct str list = { 0 };
	char ip[IP_TEXT_BYTES];

	resolv_conf_parse(text, &conf);
	for (size_t i = 0; i < conf.len; i++) {
		ip_format(&conf.servers[i], ip);
		str_printf(&list, "%s ", ip);
	}
	(void)snprintf(to, to_bytes, "%s", list.at ? list.at : "");
}

static void reads_what_the_c_library_reads(void)
{
	static const struct {
		const char *text, *servers;
	} cases[] = {
		{ "", "" },
		{ "nameserver 192.0.2.53", "192.0.2.53 " },
		{ "search a.example\nnameserver\t2001:db8::53  # two\nnameserver 192.0.2.53\r\n",
		  "2001:db8::53 192.0.2.53 " },
		{ "nameserver 192.0.2.53\nnameserver 192.0.2.53\n", "192.0.2.53 " },
		{ "#nameserver 192.0.2.1\n nameserver 192.0.2.2\nnameservers 192.0.2.3\n", "" },
		{ "nameserver\n192.0.2.1\nnameserver \nnameserver x\n", "" },
		/* The stub of systemd-resolved, and what no route could lead away. */
		{ "nameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\n", "" },
		{ "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\n"
		  "nameserver 1.1.1.4\nnameserver 1.1.1.5\nnameserver 1.1.1.6\n"
		  "nameserver 1.1.1.7\nnameserver 1.1.1.8\nnameserver 1.1.1.9\n",
		  "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 " },
	};
	char servers[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		servers_of(cases[i].text, servers, sizeof(servers));
		check_str(servers, cases[i].servers);
	}
}

int main(void)
{
	run(reads_what_the_c_library_reads);
	return check_done();
}
