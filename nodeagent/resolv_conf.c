// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/resolv_conf.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

#define BLANKS " \t"
#define KEYWORD "nameserver"

static void add_server(struct resolv_conf *conf, const struct ip *ip)
{
	for (size_t i = 0; i < conf->len; i++) {
		if (ip_equal(&conf->servers[i], ip))
			return;
	}
	if (conf->len < RESOLV_CONF_SERVERS_MAX)
		conf->servers[conf->len++] = *ip;
}

static void take_line(const char *line, size_t len, struct resolv_conf *conf)
{
	const size_t skip = strlen(KEYWORD);
	char word[IP_TEXT_BYTES];
	size_t word_len;
	struct ip ip;

	/* It begins in the first column, and blanks follow it. */
	if (len <= skip || memcmp(line, KEYWORD, skip) != 0 || !strchr(BLANKS, line[skip]))
		return;
	line += skip;
	line += strspn(line, BLANKS);
	word_len = strcspn(line, BLANKS "\r\n;#");
	if (word_len == 0 || word_len >= sizeof(word))
		return;
	memcpy(word, line, word_len);
	word[word_len] = '\0';
	/* A link-local one with its interface behind it is no address for us, nor could it be
	 * routed. */
	if (ip_parse(word, &ip, NULL) == 0 && !ip_is_special(&ip))
		add_server(conf, &ip);
}

void resolv_conf_parse(const char *text, struct resolv_conf *conf)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		take_line(text, len, conf);
		text += len + (text[len] == '\n');
	}
}

void resolv_conf_read(struct resolv_conf *ret_conf)
{
	static const char *const paths[] = { "/etc/resolv.conf",
					     "/run/systemd/resolve/resolv.conf" };
	struct resolv_conf conf = { .len = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(paths[i], RESOLV_CONF_BYTES_MAX, &text, NULL, NULL) == 0)
			resolv_conf_parse(text, &conf);
	}
	*ret_conf = conf;
}
