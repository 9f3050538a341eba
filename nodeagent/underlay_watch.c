// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/underlay_watch.h"

#include "io/netlink.h"

struct underlay_watch {
	struct netlink_monitor *monitor;
	struct loop_timer *timer;
	bool is_waiting;
	underlay_watch_fn fn;
	void *data;
};

/* Not pushed back by further ones: a machine whose containers come and go is never quiet. */
static void on_notice(void *data)
{
	struct underlay_watch *watch = data;

	if (!watch->is_waiting)
		loop_timer_set(watch->timer, UNDERLAY_WATCH_MS);
	watch->is_waiting = true;
}

static void on_timer(void *data)
{
	struct underlay_watch *watch = data;

	watch->is_waiting = false;
	watch->fn(watch->data);
}

static void free_watch(struct underlay_watch **watch)
{
	underlay_watch_free(*watch);
}

int underlay_watch_new(struct loop *loop, underlay_watch_fn fn, void *data,
		       struct underlay_watch **ret_watch, struct err *err)
{
	_cleanup_(free_watch) struct underlay_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return err_oom(err);
	watch->fn = fn;
	watch->data = data;
	r = loop_timer_new(loop, on_timer, watch, &watch->timer, err);
	if (r == 0)
		r = netlink_monitor_new(loop, NULL, on_notice, watch, &watch->monitor, err);
	if (r < 0)
		return r;
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

void underlay_watch_free(struct underlay_watch *watch)
{
	if (!watch)
		return;
	netlink_monitor_free(watch->monitor);
	loop_timer_free(watch->timer);
	free(watch);
}
