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

static struct desired peers_1_to(uint8_t last)
{
	struct desired desired = { .interface = "wg0", .listen_port = 51820 };

	check(ip_parse("10.200.0.254", &desired.address[0], NULL) == 0);
	for (uint8_t i = 1; i <= last; i++) {
		struct wg_peer *peer = add_peer(&desired.peers, i, "192.0.2.1:51820");
		char text[PREFIX_TEXT_BYTES];

		(void)snprintf(text, sizeof(text), "10.200.0.%u/32", i);
		add_prefix(&peer->allowed, text);
		add_prefix(&desired.routes, text);
	}
	return desired;
}

static struct reconcile_status want(uint8_t last, bool complete)
{
	struct desired desired = peers_1_to(last);
	struct reconcile_status status;

	reconcile_want(reconcile, &desired, complete);
	check(desired.peers.len == 0);
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
		check(reconcile_remove_all(names[i], NULL) == -EINVAL);
	}
}

static void says_what_it_is(void)
{
	struct reconcile_status status;

	start();
	turn();
	reconcile_get_status(reconcile, &status);
	check_str(status.backend, "dry-run");
	check(!status.in_sync && status.peers->len == 0 && status.applied_steps == 0);
	check_str(status.trouble, "");
}

static void converges_in_one_turn(void)
{
	struct reconcile_status status = want(3, true);

	check(status.in_sync && status.peers->len == 3 && status.mtu == 1420);
}

static void does_nothing_when_nothing_changed(void)
{
	uint64_t steps = want(3, true).applied_steps;

	check(want(3, true).applied_steps == steps);
}

static void plans_the_calls_of_one_turn_together(void)
{
	uint64_t steps = want(3, true).applied_steps;
	struct desired desired = peers_1_to(200);

	reconcile_want(reconcile, &desired, true);
	check(want(4, true).applied_steps == steps + 2);
}

static void shrinks_only_when_it_knows_all(void)
{
	check(want(4, true).peers->len == 4);
	check(want(2, false).peers->len == 4);
	check(want(2, true).peers->len == 2);
}

static void says_what_is_missing(void)
{
	struct desired desired = peers_1_to(0);
	struct reconcile_status status;

	desired.lacks_hub = true;
	reconcile_want(reconcile, &desired, true);
	turn();
	reconcile_get_status(reconcile, &status);
	check(strstr(status.trouble, "--hub-router"));
	check_str(want(2, true).trouble, "");
}

int main(void)
{
	check(crypto_init(NULL) == 0 && loop_new(&loop, NULL) == 0);
	log_set_level(LOG_LEVEL_ERROR);
	run(refuses_a_name_that_is_none);
	run(says_what_it_is);
	run(converges_in_one_turn);
	run(does_nothing_when_nothing_changed);
	run(plans_the_calls_of_one_turn_together);
	run(shrinks_only_when_it_knows_all);
	run(says_what_is_missing);
	reconcile_free(reconcile);
	loop_free(loop);
	return check_done();
}
