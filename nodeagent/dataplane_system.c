// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "nodeagent/apply.h"
#include "nodeagent/dataplane.h"
#include "nodeagent/resolv_conf.h"
#include "nodeagent/rights.h"

#define FORWARDING_V4_PATH "/proc/sys/net/ipv4/ip_forward"
#define FORWARDING_V6_PATH "/proc/sys/net/ipv6/conf/all/forwarding"

struct system_plane {
	struct dataplane plane;
	struct netlink *netlink;
	struct netlink_monitor *monitor;
	struct wg_choice *wireguard;
	char interface[INTERFACE_NAME_BYTES];
};

static void free_links(struct netlink_link_vec *links)
{
	vec_done(links);
}

static void free_addrs(struct netlink_addr_vec *addrs)
{
	vec_done(addrs);
}

static void free_routes(struct netlink_route_vec *routes)
{
	vec_done(routes);
}

static int keep_own_link(struct system_plane *system, const struct netlink_link *link,
			 struct observed *observed)
{
	bool is_ours = str_eq(link->kind, system->wireguard->backend->link_kind);

	observed->state = is_ours ? INTERFACE_OURS : INTERFACE_FOREIGN;
	observed->link_index = link->index;
	observed->is_renamed = !str_eq(link->name, system->interface);
	observed->is_up = link->is_up;
	observed->mtu = link->mtu;
	return str_copy(observed->kind, sizeof(observed->kind), link->kind);
}

/*
 * The link of our name; else the one that had it when it was observed last, for a link keeps its
 * index when it is renamed. NULL: there is none.
 */
static const struct netlink_link *find_own_link(const struct system_plane *system,
						const struct netlink_link_vec *links,
						const struct observed *earlier)
{
	const struct netlink_link *renamed = NULL;

	vec_foreach(link, links) {
		if (str_eq(link->name, system->interface))
			return link;
		if (earlier->state == INTERFACE_OURS && link->index == earlier->link_index &&
		    str_eq(link->kind, earlier->kind))
			renamed = link;
	}
	return renamed;
}

static int read_links(struct system_plane *system, const struct observed *earlier,
		      struct observed *observed, struct err *err)
{
	_cleanup_(free_links) struct netlink_link_vec links = { 0 };
	const struct netlink_link *own;
	int r = netlink_list_links(system->netlink, &links, err);

	if (r < 0)
		return r;
	own = find_own_link(system, &links, earlier);
	r = wg_choice_make(system->wireguard, system->interface, own ? own->kind : NULL, err);
	if (r < 0)
		return r;
	vec_foreach(link, &links) {
		struct observed_link other = { .index = link->index,
					       .mtu = link->mtu,
					       .is_loopback = link->is_loopback };

		if (link == own)
			r = keep_own_link(system, link, observed);
		else if (str_copy(other.name, sizeof(other.name), link->name) == 0)
			r = vec_push(&observed->links, other);
		if (r < 0)
			return err_errno(err, r, "list links");
	}
	return 0;
}

/* An address elsewhere is as good as a host route: what goes there must not go to the mesh. */
static int keep_addr(const struct netlink_addr *addr, struct observed *observed)
{
	struct foreign_route foreign = { .to = prefix_host(&addr->prefix.ip),
					 .link_index = addr->link_index,
					 .is_connected = true };

	if (ip_is_special(&addr->prefix.ip))
		return 0;
	if (addr->link_index != observed->link_index)
		return vec_push(&observed->foreign, foreign);
	if (addr->protocol == ROUTE_PROTOCOL && vec_push(&observed->marked, addr->prefix) < 0)
		return -ENOMEM;
	return vec_push(&observed->addresses, addr->prefix);
}

static int keep_route(const struct netlink_route *route, struct observed *observed)
{
	struct foreign_route foreign = { .to = route->to,
					 .link_index = route->link_index,
					 .metric = route->metric,
					 .is_connected = route->is_connected };
	bool is_own_link = route->link_index == observed->link_index;

	if (is_own_link && route->protocol == ROUTE_PROTOCOL)
		return vec_push(&observed->routes, route->to);
	/* What the kernel makes for our own addresses; a wider one is of somebody else's. */
	if (is_own_link && route->protocol == RTPROT_KERNEL &&
	    route->to.bits == ip_family_bits(route->to.ip.family))
		return 0;
	return vec_push(&observed->foreign, foreign);
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static int compare_foreign(const void *a, const void *b)
{
	return prefix_compare(&((const struct foreign_route *)a)->to,
			      &((const struct foreign_route *)b)->to);
}

static int read_addrs_and_routes(struct system_plane *system, struct observed *observed,
				 struct err *err)
{
	_cleanup_(free_addrs) struct netlink_addr_vec addrs = { 0 };
	_cleanup_(free_routes) struct netlink_route_vec routes = { 0 };
	int r = netlink_list_addrs(system->netlink, &addrs, err);

	if (r == 0)
		r = netlink_list_routes(system->netlink, &routes, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < addrs.len; i++)
		r = keep_addr(&addrs.at[i], observed);
	for (size_t i = 0; r == 0 && i < routes.len; i++)
		r = keep_route(&routes.at[i], observed);
	if (r < 0)
		return err_oom(err);
	if (observed->addresses.len > 0)
		qsort(observed->addresses.at, observed->addresses.len,
		      sizeof(*observed->addresses.at), compare_prefixes);
	if (observed->routes.len > 0)
		qsort(observed->routes.at, observed->routes.len, sizeof(*observed->routes.at),
		      compare_prefixes);
	if (observed->foreign.len > 0)
		qsort(observed->foreign.at, observed->foreign.len, sizeof(*observed->foreign.at),
		      compare_foreign);
	return 0;
}

static int read_resolvers(struct observed *observed)
{
	struct resolv_conf conf;
	int r = 0;

	resolv_conf_read(&conf);
	for (size_t i = 0; r == 0 && i < conf.len; i++) {
		struct guard guard = { .ip = conf.servers[i], .kind = GUARD_RESOLVER };

		r = vec_push(&observed->guards, guard);
	}
	return r;
}

/* A kernel without the family has no such file, and nothing to forward. */
static bool read_forwarding(const char *path)
{
	_cleanup_free_ char *text = NULL;

	return file_read(path, 16, &text, NULL, NULL) < 0 || *text != '0';
}

/* What WireGuard knows: asked, or kept from an earlier observation of the same interface. */
static int read_device(struct system_plane *system, bool with_peers, struct observed *earlier,
		       struct observed *observed, struct err *err)
{
	struct wg_device device = { 0 };
	int r;

	if (observed->state != INTERFACE_OURS)
		return 0; /* Not asked for by a name that it does not have: when it has its own
			     again. */
	if (observed->is_renamed || (!with_peers && earlier->state == INTERFACE_OURS &&
				     earlier->link_index == observed->link_index)) {
		observed->private_key = earlier->private_key;
		observed->listen_port = earlier->listen_port;
		observed->peers = TAKE_STRUCT(earlier->peers);
		return 0;
	}
	r = system->wireguard->backend->read(system->interface, &device, err);
	if (r == -ENODEV) {
		observed->state = INTERFACE_FOREIGN;
		return 0;
	}
	if (r < 0)
		return r;
	observed->private_key = device.private_key;
	observed->listen_port = device.listen_port;
	key_wipe(&device.private_key);
	observed->peers = TAKE_STRUCT(earlier->peers);
	return observed_take_reading(observed, &device.peers) < 0 ? err_oom(err) : 0;
}

static int system_read(struct dataplane *plane, bool with_peers, struct observed *observed,
		       struct err *err)
{
	struct system_plane *system = CONTAINER_OF(plane, struct system_plane, plane);
	_cleanup_(observed_done) struct observed fresh = { 0 };
	int r = rights_check(err);

	if (r == 0)
		r = read_links(system, observed, &fresh, err);
	if (r == 0)
		r = read_addrs_and_routes(system, &fresh, err);
	if (r == 0 && read_resolvers(&fresh) < 0)
		r = err_oom(err);
	if (r < 0)
		return r;
	fresh.forwards_v4 = read_forwarding(FORWARDING_V4_PATH);
	fresh.forwards_v6 = read_forwarding(FORWARDING_V6_PATH);
	fresh.now_s = clock_real_ms() / 1000;
	r = read_device(system, with_peers, observed, &fresh, err);
	if (r < 0)
		return r;
	observed_done(observed);
	*observed = TAKE_STRUCT(fresh);
	return 0;
}

static int system_apply(struct dataplane *plane, const struct desired *desired, struct plan *plan,
			struct err *err)
{
	struct system_plane *system = CONTAINER_OF(plane, struct system_plane, plane);
	struct apply_tools tools = { .netlink = system->netlink,
				     .wireguard = system->wireguard,
				     .interface = system->interface };

	return apply_plan(&tools, desired, plan, err);
}

static int system_watch(struct dataplane *plane, struct loop *loop, void (*fn)(void *data),
			void *data, struct err *err)
{
	struct system_plane *system = CONTAINER_OF(plane, struct system_plane, plane);

	return netlink_monitor_new(loop, system->netlink, fn, data, &system->monitor, err);
}

static void system_free(struct dataplane *plane)
{
	struct system_plane *system = CONTAINER_OF(plane, struct system_plane, plane);

	netlink_monitor_free(system->monitor);
	netlink_free(system->netlink);
	free(system);
}

static const struct dataplane_ops system_ops = {
	.read = system_read,
	.apply = system_apply,
	.watch = system_watch,
	.free = system_free,
};

int dataplane_new_system(const char *interface, struct wg_choice *choice,
			 struct dataplane **ret_plane, struct err *err)
{
	_cleanup_free_ struct system_plane *system = calloc(1, sizeof(*system));
	int r;

	if (!system)
		return err_oom(err);
	system->plane.ops = &system_ops;
	system->wireguard = choice;
	r = str_copy(system->interface, sizeof(system->interface), interface);
	if (r < 0)
		return err_errno(err, r, "interface name '%s'", interface);
	r = netlink_new(&system->netlink, err);
	if (r < 0)
		return r;
	*ret_plane = &TAKE_PTR(system)->plane;
	return 0;
}
