// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/documented.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "crypto/crypto.h"

#define MARK "# Written by aircrew for people to look at; nothing reads it.\n"

static void write_interface(struct str *to, const struct desired *desired)
{
	const char *comma = "Address    = ";
	char key[KEY_TEXT_BYTES];

	key_format(&desired->private_key, key);
	str_printf(to, "[Interface]\nPrivateKey = %s\n", key);
	crypto_wipe(key, sizeof(key));
	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		char address[IP_TEXT_BYTES];

		if (desired->address[i].family == IP_NONE)
			continue;
		ip_format(&desired->address[i], address);
		str_printf(to, "%s%s", comma, address);
		comma = ", ";
	}
	str_printf(to, "\nListenPort = %u\nSaveConfig = false\n", desired->listen_port);
	if (desired->mtu > 0)
		str_printf(to, "MTU        = %u\n", desired->mtu);
}

static void write_peer(struct str *to, const struct wg_peer *peer)
{
	const char *comma = "AllowedIPs          = ";
	char key[KEY_TEXT_BYTES];

	key_format(&peer->key, key);
	str_printf(to, "\n[Peer]\nPublicKey           = %s\n", key);
	if (peer->endpoint.ip.family != IP_NONE) {
		char endpoint[ENDPOINT_TEXT_BYTES];

		endpoint_format(&peer->endpoint, endpoint);
		str_printf(to, "Endpoint            = %s\n", endpoint);
	}
	vec_foreach(prefix, &peer->allowed) {
		char text[PREFIX_TEXT_BYTES];

		prefix_format(prefix, text);
		str_printf(to, "%s%s", comma, text);
		comma = ", ";
	}
	str_append(to, peer->allowed.len > 0 ? "\n" : "");
	if (peer->keepalive_s > 0)
		str_printf(to, "PersistentKeepAlive = %u\n", peer->keepalive_s);
}

void documented_write(struct str *to, const struct desired *desired)
{
	_cleanup_(wg_peer_done) struct wg_peer wanted = { 0 };
	const struct view_peer *peer = NULL;

	str_append(to, MARK);
	write_interface(to, desired);
	while ((peer = desired_next_peer(desired, peer))) {
		to->failed |= desired_write_peer(desired, peer, &wanted) < 0;
		write_peer(to, &wanted);
	}
}

static int path_of(const char *dir, const char *interface, enum documented_file file,
		   char ret_path[static PATH_MAX], struct err *err)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s%s.conf", dir, interface,
		     file == DOCUMENTED_LATEST ? "-latest-rev" : "") >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: path too long", dir);
	return 0;
}

/* 1: ours; 0: not there; -EEXIST: somebody else's. */
static int find_out(const char *path, struct err *err)
{
	char head[sizeof(MARK)] = "";
	FILE *file = fopen(path, "re");
	bool is_ours;

	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return err_errno(err, -errno, "%s", path);
	is_ours = fread(head, 1, sizeof(head) - 1, file) == sizeof(head) - 1 && str_eq(head, MARK);
	(void)fclose(file);
	if (!is_ours)
		return err_set(err, -EEXIST, "%s is not aircrew's: it is left as it is", path);
	return 1;
}

int documented_save(const char *dir, const char *interface, enum documented_file file,
		    const char *text, struct err *err)
{
	char path[PATH_MAX];
	int r = path_of(dir, interface, file, path, err);

	if (r >= 0)
		r = find_out(path, err);
	if (r >= 0)
		r = file_make_dir(dir, 0700, err);
	return r < 0 ? r : file_write_atomic(path, text, strlen(text), 0600, err);
}

int documented_remove(const char *dir, const char *interface, struct err *err)
{
	for (int file = DOCUMENTED_LATEST; file <= DOCUMENTED_APPLIED; file++) {
		char path[PATH_MAX];
		int r = path_of(dir, interface, (enum documented_file)file, path, err);

		if (r >= 0)
			r = find_out(path, err);
		if (r == 0 || r == -EEXIST)
			continue;
		if (r < 0)
			return r;
		if (unlink(path) < 0)
			return err_errno(err, -errno, "%s", path);
	}
	return 0;
}
