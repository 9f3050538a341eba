// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Reconciling with a data plane in memory: no rights needed, nothing touched.
 */
#include <errno.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "nodeagent/reconcile.h"
#include "plane.h"

static struct loop *loop;
static struct reconcile *reconcile;
static struct told told;

static void stop(void *data)
{
	(void)data;
	loop_stop(loop, 0);
}

/* One turn: hooks run before the loop would sleep. */
static void turn(void)
{
	struct loop_timer *timer = NULL;

	check(loop_timer_new(loop, stop, NULL, &timer, NULL) == 0);
	loop_timer_set(timer, 0);
	check(loop_run(loop) == 0);
	loop_timer_free(timer);
}

static void start(void)
{
	struct reconcile_config config = { .loop = loop, .interface = "wg0", .dry_run = true };

	check(reconcile_new(&config, &reconcile, NULL) == 0);
}

/* The peers 1 to `last`, told anew; whether all of them are there, the tower says or not yet. */
static void tell_1_to(uint8_t last)
{
	tell_snapshot_begin(&told, false);
	tell_zone(&told, "10.200.0.0/20", false);
	tell_row(&told, &(struct row){ SELF, "10.200.0.254", "", "", false, 0 });
	for (uint8_t i = 1; i <= last; i++) {
		char address[IP_TEXT_BYTES];

		(void)snprintf(address, sizeof(address), "10.200.0.%u", i);
		tell_row(&told, &(struct row){ i, address, "", "192.0.2.1:51820", false, 0 });
	}
	tell_snapshot_end(&told);
}

static struct reconcile_status want(uint8_t last)
{
	struct reconcile_status status;

	tell_1_to(last);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	return status;
}

static void refuses_a_name_that_is_none(void)
{
	static const char *const names[] = { "",     "-wg0", ".",     "..",
					     "wg/0", "wg 0", "wg0\n", "abcdefghijklmnop" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct reconcile_config config = { .loop = loop,
						   .interface = names[i],
						   .dry_run = true };

		check(reconcile_new(&config, &reconcile, NULL) == -EINVAL);
		check(reconcile_remove_all(names[i], FOREIGN_REFUSE, NULL) == -EINVAL);
	}
}

static void says_what_it_is(void)
{
	struct reconcile_status status;

	start();
	turn();
	reconcile_get_status(reconcile, &status);
	check_str(status.backend, "dry-run");
	check(!status.in_sync && status.observed->peers.len == 0 && status.applied_steps == 0);
	check_str(status.trouble, "");
}

static void converges_in_one_turn(void)
{
	struct reconcile_status status = want(3);

	check(status.in_sync && status.observed->peers.len == 3 && status.mtu == 1420);
}

static void does_nothing_when_nothing_changed(void)
{
	uint64_t steps = want(3).applied_steps;

	check(want(3).applied_steps == steps);
}

static void plans_the_calls_of_one_turn_together(void)
{
	uint64_t steps = want(3).applied_steps;

	tell_1_to(200);
	reconcile_want(reconcile, told.view, &told.desired);
	check(want(4).applied_steps == steps + 2);
}

/* What an event touched is planned, and by the next check nothing else is found to do. */
static void plans_what_an_event_touched(void)
{
	static const struct row joins = { 9, "10.200.0.9", "172.24.9.0/24", "", false, 0 };
	uint64_t steps = want(4).applied_steps;
	const struct view_touched *touched;
	struct reconcile_status status;

	tell_row(&told, &joins);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	check(status.in_sync && status.applied_steps == steps + 3);
	check(status.observed->peers.len == 5);
	touched = view_touched(told.view);
	check(!touched->all && touched->keys.len == 0 && touched->prefixes.len == 0);
	tell_removed(&told, 9);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	check(status.observed->peers.len == 4 && status.applied_steps == steps + 6);
}

static struct reconcile_status tell(const struct row *row)
{
	struct reconcile_status status;

	tell_row(&told, row);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	return status;
}

/* A route that is refused stays so while events touch others; until one touches it. */
static void a_refused_route_is_not_forgotten(void)
{
	static const struct row in_the_way = { 7, "10.200.0.7", "172.24.7.0/24", "", false, 0 };
	static const struct row another = { 8, "10.200.0.8", "172.24.8.0/24", "", false, 0 };
	static const struct row out_of_it = { 7, "10.200.0.7", "", "", false, 0 };
	struct reconcile_status status;
	struct ip tower;

	check(want(3).in_sync);
	check(ip_parse("172.24.7.9", &tower, NULL) == 0);
	reconcile_guard(reconcile, GUARD_TOWER, &tower);
	status = tell(&in_the_way);
	check(!status.in_sync && status.conflicts->len == 1);
	status = tell(&another);
	check(!status.in_sync && status.conflicts->len == 1);
	check(strstr(status.trouble, "172.24.7.0/24"));
	status = tell(&out_of_it);
	check(status.in_sync && status.conflicts->len == 0);
	check_str(status.trouble, "");
}

static void does_not_act_on_half_a_change(void)
{
	static const char gone[] =
		"{\"PublicKey\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
		"\"Zone\":\"blue\"}";
	struct reconcile_status status;

	check(want(3).observed->peers.len == 3);
	tell_event(told.view, EVENT_PEER_REMOVED, gone, 0);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	check(status.observed->peers.len == 3);
	tell_event(told.view, EVENT_HEARTBEAT, "", ++told.revision);
	turn();
	reconcile_get_status(reconcile, &status);
	check(status.observed->peers.len == 2);
}

static void shrinks_only_when_it_knows_all(void)
{
	struct told half = { .desired = told.desired };
	struct reconcile_status status;

	check(want(4).observed->peers.len == 4);
	check(view_new("blue", &half.view) == 0);
	half.desired.view = half.view;
	tell_zone(&half, "10.200.0.0/20", false);
	tell_row(&half, &(struct row){ SELF, "10.200.0.254", "", "", false, 0 });
	reconcile_want(reconcile, half.view, &half.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	check(status.observed->peers.len == 4);
	check(want(2).observed->peers.len == 2);
	view_free(half.view);
}

static void says_what_is_missing(void)
{
	struct reconcile_status status;

	tell_zone(&told, "10.200.0.0/20", true);
	reconcile_want(reconcile, told.view, &told.desired);
	turn();
	reconcile_get_status(reconcile, &status);
	check(strstr(status.trouble, "--hub-router"));
	check_str(want(2).trouble, "");
}

int main(void)
{
	check(crypto_init(NULL) == 0 && loop_new(&loop, NULL) == 0);
	log_set_level(LOG_LEVEL_ERROR);
	told = told_zone("10.200.0.0/20", false);
	told.desired.mtu = 0;
	run(refuses_a_name_that_is_none);
	run(says_what_it_is);
	run(converges_in_one_turn);
	run(does_nothing_when_nothing_changed);
	run(plans_the_calls_of_one_turn_together);
	run(plans_what_an_event_touched);
	run(a_refused_route_is_not_forgotten);
	run(does_not_act_on_half_a_change);
	run(shrinks_only_when_it_knows_all);
	run(says_what_is_missing);
	reconcile_free(reconcile);
	told_done(&told);
	loop_free(loop);
	return check_done();
}
