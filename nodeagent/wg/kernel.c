// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Drives the kernel's WireGuard: what a change means in its messages. How they look is the business
 * of io/netlink_wireguard.
 */
#include "nodeagent/wg/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/str.h"
#include "io/netlink_wireguard.h"

#define MODULE_PATH "/lib/modules/%s/kernel/drivers/net/wireguard/wireguard.ko%s"

static const uint16_t keepalive_off;
static const uint16_t keepalive_on = KEEPALIVE_S;

/* What is sent, and for which of the changes that were asked for. */
VEC(message_vec, struct netlink_wireguard_change);
VEC(origin_vec, size_t);

struct sending {
	struct netlink_wireguard *wireguard;
	const char *interface;
	struct message_vec list;
	struct origin_vec origins; /* which change: as long as the list */
	size_t messages;
};

static void done_sending(struct sending *sending)
{
	netlink_wireguard_free(sending->wireguard);
	vec_done(&sending->list);
	vec_done(&sending->origins);
}

static void free_wireguard(struct netlink_wireguard **wireguard)
{
	netlink_wireguard_free(*wireguard);
}

static void free_netlink(struct netlink **netlink)
{
	netlink_free(*netlink);
}

static void empty_device(void *data)
{
	struct wg_device *device = data;

	wg_peer_vec_done(&device->peers);
}

static int append_prefixes(struct prefix_vec *to, const struct prefix_vec *more)
{
	int r = more->len > 0 ? vec_reserve(to, more->len) : 0;

	for (size_t i = 0; r == 0 && i < more->len; i++)
		to->at[to->len++] = more->at[i];
	return r;
}

static int add_peer(const struct netlink_wireguard_peer *told, void *data)
{
	struct wg_peer_vec *peers = &((struct wg_device *)data)->peers;
	struct wg_peer peer = { .key = told->key,
				.endpoint = told->endpoint,
				.keepalive_s = told->keepalive_s,
				.handshake_s = told->handshake_s,
				.rx_bytes = told->rx_bytes,
				.tx_bytes = told->tx_bytes };
	int r = told->is_continued ? 0 : vec_push(peers, peer);

	return r < 0 ? r : append_prefixes(&peers->at[peers->len - 1].allowed, &told->allowed);
}

static int read_device(const char *interface, struct wg_device *ret_device, struct err *err)
{
	_cleanup_(free_wireguard) struct netlink_wireguard *wireguard = NULL;
	_cleanup_(wg_device_done) struct wg_device device = { 0 };
	const struct netlink_wireguard_sink sink = { .restart = empty_device,
						     .add = add_peer,
						     .data = &device };
	struct netlink_wireguard_device told = { 0 };
	int r = netlink_wireguard_new(&wireguard, err);

	if (r == 0)
		r = netlink_wireguard_read(wireguard, interface, &sink, &told, err);
	device.private_key = told.private_key;
	device.listen_port = told.listen_port;
	key_wipe(&told.private_key);
	if (r == 0)
		r = wg_device_order(&device, err);
	if (r == 0)
		*ret_device = TAKE_STRUCT(device);
	return r;
}

static int set_device(const char *interface, const struct key *private_key, uint16_t port,
		      struct err *err)
{
	_cleanup_(free_wireguard) struct netlink_wireguard *wireguard = NULL;
	int r = netlink_wireguard_new(&wireguard, err);

	return r < 0 ? r
		     : netlink_wireguard_set_device(wireguard, interface, private_key, port, err);
}

static int push(struct sending *sending, size_t origin,
		const struct netlink_wireguard_change *change)
{
	int r = vec_push(&sending->list, *change);

	return r < 0 ? r : vec_push(&sending->origins, origin);
}

/*
 * The kernel sends a keepalive at once when they are turned on: so they are turned off before, and
 * after it, when they should be off.
 */
static int push_change(struct sending *sending, size_t origin, const struct wg_change *change)
{
	const struct wg_peer *want = change->want;
	struct netlink_wireguard_change first = { .key = &change->key, .remove = change->remove };
	struct netlink_wireguard_change greeting = { .key = &change->key, .update_only = true };
	int r;

	if (change->remove)
		return push(sending, origin, &first);
	first.endpoint = change->endpoint ? &want->endpoint : NULL;
	first.allowed = change->allowed ? &want->allowed : NULL;
	first.replace_allowed = change->replace_allowed;
	if (change->greet)
		first.keepalive_s = &keepalive_off;
	else if (change->keepalive)
		first.keepalive_s = &want->keepalive_s;
	r = push(sending, origin, &first);
	if (r < 0 || !change->greet)
		return r;
	greeting.keepalive_s = want->keepalive_s > 0 ? &want->keepalive_s : &keepalive_on;
	r = push(sending, origin, &greeting);
	if (r < 0 || want->keepalive_s > 0)
		return r;
	greeting.keepalive_s = &keepalive_off;
	return push(sending, origin, &greeting);
}

static int make_list(struct sending *sending, const struct wg_change *changes, size_t len)
{
	int r = 0;

	sending->list.len = 0;
	sending->origins.len = 0;
	for (size_t i = 0; r == 0 && i < len; i++)
		r = push_change(sending, i, &changes[i]);
	return r;
}

static int send_next(struct sending *sending, struct netlink_wireguard_place *place,
		     struct err *err)
{
	sending->messages++;
	return netlink_wireguard_change(sending->wireguard, sending->interface, sending->list.at,
					sending->list.len, place, err);
}

/* After which no other change would fare better. */
static bool is_fatal(int r)
{
	return r == -ENODEV || r == -ENOMEM || r == -EPERM || r == -ETIMEDOUT;
}

/* A message does not say at which of its changes it failed: sent one by one, the culprit shows. */
static int send_each(const struct sending *failed, struct wg_change *changes, size_t len,
		     struct err *err)
{
	_cleanup_(done_sending) struct sending one = { .interface = failed->interface };
	int first = netlink_wireguard_new(&one.wireguard, err);

	for (size_t i = 0; i < len; i++) {
		struct netlink_wireguard_place place = { 0 };
		struct err own = { 0 };
		char key[KEY_SHORT_BYTES];
		int r = one.wireguard ? make_list(&one, &changes[i], 1) : first;

		while (r == 0 && place.change < one.list.len)
			r = send_next(&one, &place, &own);
		changes[i].failed = r < 0;
		if (r == 0 || first < 0)
			continue;
		key_format_short(&changes[i].key, key);
		first = err_set(err, r, "peer %s: %s", key, own.text);
	}
	return first;
}

/* All that had a part in a message that failed; `place` goes on behind the last of them. */
static int repeat(const struct sending *sending, struct wg_change *changes,
		  const struct netlink_wireguard_place *from, struct netlink_wireguard_place *place,
		  struct err *err)
{
	const struct origin_vec *origins = &sending->origins;
	size_t behind = place->change + (place->prefix > 0);
	size_t first = origins->at[from->change];
	size_t last = origins->at[behind - 1];

	while (behind < origins->len && origins->at[behind] == last)
		behind++;
	*place = (struct netlink_wireguard_place){ .change = behind };
	return send_each(sending, changes + first, last - first + 1, err);
}

static int send_all(struct sending *sending, struct wg_change *changes, size_t len, struct err *err)
{
	struct netlink_wireguard_place place = { 0 };
	int first = 0;

	while (place.change < sending->list.len) {
		const struct netlink_wireguard_place from = place;
		struct err own = { 0 };
		int r = send_next(sending, &place, &own);

		if (is_fatal(r)) {
			for (size_t i = sending->origins.at[from.change]; i < len; i++)
				changes[i].failed = true;
			return first < 0 ? first
					 : err_set(err, r, "%s: %s", sending->interface, own.text);
		}
		if (r < 0)
			r = repeat(sending, changes, &from, &place, first < 0 ? NULL : err);
		first = first < 0 ? first : r;
	}
	return first;
}

static int change_peers(const char *interface, struct wg_change *changes, size_t len,
			struct err *err)
{
	_cleanup_(done_sending) struct sending sending = { .interface = interface };
	int r = netlink_wireguard_new(&sending.wireguard, err);

	if (r == 0 && make_list(&sending, changes, len) < 0)
		r = err_oom(err);
	if (r < 0) {
		for (size_t i = 0; i < len; i++)
			changes[i].failed = true;
		return r;
	}
	r = send_all(&sending, changes, len, err);
	log_debug("wireguard", "%s: changed peers=%zu messages=%zu", interface, len,
		  sending.messages);
	return r;
}

static bool is_served(const char *interface)
{
	_cleanup_(free_netlink) struct netlink *netlink = NULL;
	struct netlink_link link;

	return netlink_new(&netlink, NULL) == 0 &&
	       netlink_find_link(netlink, interface, &link, NULL) == 0 &&
	       str_eq(link.kind, NETLINK_WIREGUARD_KIND);
}

/* A container has no look at it. */
static bool is_module_installed(void)
{
	static const char *const endings[] = { "", ".xz", ".zst", ".gz" };
	struct utsname name;
	bool is_there = false;

	if (uname(&name) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		char path[sizeof(MODULE_PATH) + sizeof(name.release) + 8];

		(void)snprintf(path, sizeof(path), MODULE_PATH, name.release, endings[i]);
		is_there |= access(path, F_OK) == 0;
	}
	return is_there;
}

static int refuse_unsupported(struct err *err)
{
	return is_module_installed()
		       ? err_set(err, -EOPNOTSUPP,
				 "the kernel does not load its module wireguard, though it is "
				 "installed: 'modprobe wireguard' says what forbids it")
		       : err_set(err, -EOPNOTSUPP,
				 "the kernel has no WireGuard, and its module is not installed "
				 "here: 'modprobe wireguard' on the machine itself loads it");
}

int wg_kernel_probe(struct err *err)
{
	_cleanup_(free_wireguard) struct netlink_wireguard *wireguard = NULL;
	int r = netlink_wireguard_new(&wireguard, err);

	return r == -EOPNOTSUPP ? refuse_unsupported(err) : r;
}

static int create(const char *interface, struct err *err)
{
	_cleanup_(free_netlink) struct netlink *netlink = NULL;
	int r = netlink_new(&netlink, err);

	if (r == 0)
		r = netlink_add_link(netlink, interface, NETLINK_WIREGUARD_KIND, err);
	return r == -EOPNOTSUPP ? refuse_unsupported(err) : r;
}

/* Nothing is left of a link of the kernel's. */
static int clean_up(const char *interface, struct err *err)
{
	(void)interface;
	(void)err;
	return 0;
}

const struct wg_backend wg_kernel = {
	.name = "kernel",
	.link_kind = NETLINK_WIREGUARD_KIND,
	.is_served = is_served,
	.create = create,
	.read = read_device,
	.set_device = set_device,
	.change_peers = change_peers,
	.clean_up = clean_up,
};
