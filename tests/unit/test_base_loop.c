// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 5000

/* A loop that stops by itself with status 99 when a test hangs. */
struct bench {
	struct loop *loop;
	struct loop_timer *deadline;
	char seen[64]; /* what happened, a letter each */
	struct loop_fd *watch[2];
	struct loop_timer *timer[3];
	struct loop_hook *hook[2];
	int ends[2][2]; /* pipes */
	int count;
};

static void see(struct bench *bench, char what)
{
	size_t len = strlen(bench->seen);

	if (len + 1 < sizeof(bench->seen))
		bench->seen[len] = what;
}

static void on_deadline(void *data)
{
	loop_stop(((struct bench *)data)->loop, 99);
}

static bool bench_init(struct bench *bench)
{
	*bench = (struct bench){ .ends = { { -1, -1 }, { -1, -1 } } };
	if (!check(loop_new(&bench->loop, NULL) == 0) ||
	    !check(loop_timer_new(bench->loop, on_deadline, bench, &bench->deadline, NULL) == 0))
		return false;
	loop_timer_set(bench->deadline, DEADLINE_MS);
	for (size_t i = 0; i < 2; i++) {
		if (!check(pipe2(bench->ends[i], O_CLOEXEC | O_NONBLOCK) == 0))
			return false;
	}
	return true;
}

static void bench_done(struct bench *bench)
{
	for (size_t i = 0; i < 2; i++) {
		loop_fd_free(bench->watch[i]);
		loop_hook_free(bench->hook[i]);
		(void)close(bench->ends[i][0]);
		(void)close(bench->ends[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bench->timer); i++)
		loop_timer_free(bench->timer[i]);
	loop_timer_free(bench->deadline);
	loop_free(bench->loop);
}

static void on_timer_a(void *data)
{
	see(data, 'a');
}

static void on_timer_b(void *data)
{
	see(data, 'b');
}

static void on_timer_stop(void *data)
{
	struct bench *bench = data;

	see(bench, '.');
	loop_stop(bench->loop, 7);
}

static bool new_timers(struct bench *bench, loop_timer_fn a, loop_timer_fn b, loop_timer_fn c)
{
	return check(loop_timer_new(bench->loop, a, bench, &bench->timer[0], NULL) == 0) &&
	       check(loop_timer_new(bench->loop, b, bench, &bench->timer[1], NULL) == 0) &&
	       check(loop_timer_new(bench->loop, c, bench, &bench->timer[2], NULL) == 0);
}

static void timers_fire_in_order_of_time_and_of_setting(void)
{
	struct bench bench;
	int64_t start_ms = clock_mono_ms();

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		loop_timer_set(bench.timer[2], 20);
		loop_timer_set(bench.timer[1], 10);
		loop_timer_set(bench.timer[0], 10);
		check(loop_run(bench.loop) == 7);
		check_str(bench.seen, "ba.");
		check(clock_mono_ms() - start_ms >= 20);
	}
	bench_done(&bench);
}

static void a_cleared_or_freed_timer_does_not_fire(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		loop_timer_set(bench.timer[0], 0);
		loop_timer_set(bench.timer[1], 0);
		loop_timer_set(bench.timer[2], 5);
		loop_timer_clear(bench.timer[0]);
		loop_timer_free(bench.timer[1]);
		bench.timer[1] = NULL;
		check(loop_run(bench.loop) == 7);
		check_str(bench.seen, ".");
	}
	bench_done(&bench);
}

static void a_timer_set_again_fires_once_at_the_new_time(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		loop_timer_set(bench.timer[0], 1);
		loop_timer_set(bench.timer[0], 10);
		loop_timer_set(bench.timer[1], 5);
		loop_timer_set(bench.timer[2], 15);
		check(loop_run(bench.loop) == 7);
		check_str(bench.seen, "ba.");
	}
	bench_done(&bench);
}

/* Watches the reading end of a pipe into which something has been written. */
static void watch_readable(struct bench *bench, size_t i, loop_fd_fn fn)
{
	check(loop_fd_new(bench->loop, bench->ends[i][0], EPOLLIN, fn, bench, &bench->watch[i],
			  NULL) == 0);
	check(write(bench->ends[i][1], "x", 1) == 1);
}

static void on_timer_again(void *data)
{
	struct bench *bench = data;

	bench->count++;
	loop_timer_set(bench->timer[0], 0);
}

static void on_readable_stop(uint32_t events, void *data)
{
	(void)events;
	loop_stop(((struct bench *)data)->loop, 3);
}

static void a_timer_that_sets_itself_starves_nobody(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_again, on_timer_b, on_timer_stop)) {
		loop_timer_set(bench.timer[0], 0);
		watch_readable(&bench, 0, on_readable_stop);
		check(loop_run(bench.loop) == 3);
	}
	bench_done(&bench);
}

/* Whichever of the two comes first frees the other, which is ready too. */
static void on_readable_free_both(uint32_t events, void *data)
{
	struct bench *bench = data;

	(void)events;
	see(bench, 'r');
	for (size_t i = 0; i < 2; i++) {
		loop_fd_free(bench->watch[i]);
		bench->watch[i] = NULL;
	}
	loop_timer_set(bench->timer[2], 5);
}

static void a_watch_freed_in_a_callback_is_not_called(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		watch_readable(&bench, 0, on_readable_free_both);
		watch_readable(&bench, 1, on_readable_free_both);
		check(loop_run(bench.loop) == 7);
		check_str(bench.seen, "r.");
	}
	bench_done(&bench);
}

static void on_writable(uint32_t events, void *data)
{
	struct bench *bench = data;

	see(bench, events & EPOLLOUT ? 'w' : '?');
	loop_fd_set(bench->watch[0], 0);
	loop_timer_set(bench->timer[2], 5);
}

static void only_wanted_events_are_told(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		check(loop_fd_new(bench.loop, bench.ends[0][1], 0, on_writable, &bench,
				  &bench.watch[0], NULL) == 0);
		loop_fd_set(bench.watch[0], EPOLLOUT);
		check(loop_run(bench.loop) == 7);
		check_str(bench.seen, "w.");
	}
	bench_done(&bench);
}

static void a_descriptor_that_cannot_be_watched_is_refused(void)
{
	struct bench bench;
	struct err err = { 0 };

	if (bench_init(&bench))
		check(loop_fd_new(bench.loop, -1, EPOLLIN, on_readable_stop, &bench,
				  &bench.watch[0], &err) == -EBADF);
	check(!bench.watch[0] && strstr(err.text, "descriptor -1"));
	bench_done(&bench);
}

static int64_t on_hook_a(void *data)
{
	struct bench *bench = data;

	see(bench, 'a');
	loop_hook_free(bench->hook[0]); /* itself */
	bench->hook[0] = NULL;
	return 0;
}

static int64_t on_hook_b(void *data)
{
	struct bench *bench = data;

	see(bench, 'b');
	if (++bench->count == 2)
		loop_stop(bench->loop, 5);
	return -1;
}

static void hooks_run_before_each_wait_in_order(void)
{
	struct bench bench;

	if (bench_init(&bench)) {
		check(loop_hook_new(bench.loop, on_hook_a, &bench, &bench.hook[0], NULL) == 0);
		check(loop_hook_new(bench.loop, on_hook_b, &bench, &bench.hook[1], NULL) == 0);
		/* The first hook says not to sleep, so there is a second turn at once. */
		check(loop_run(bench.loop) == 5);
		check_str(bench.seen, "abb");
	}
	bench_done(&bench);
}

static void on_signal(int signal_number, void *data)
{
	struct bench *bench = data;

	loop_stop(bench->loop, signal_number);
}

static void signals_arrive_as_callbacks(void)
{
	struct loop_signal *watch = NULL;
	struct bench bench;
	sigset_t blocked;

	if (bench_init(&bench)) {
		check(loop_signal_new(bench.loop, SIGUSR1, on_signal, &bench, &watch, NULL) == 0);
		check(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
		check(sigismember(&blocked, SIGUSR1) == 1);
		check(raise(SIGUSR1) == 0);
		check(loop_run(bench.loop) == SIGUSR1);
		loop_signal_free(watch);
	}
	bench_done(&bench);
}

static void a_stop_before_the_run_counts_once(void)
{
	struct bench bench;

	if (bench_init(&bench) && new_timers(&bench, on_timer_a, on_timer_b, on_timer_stop)) {
		loop_stop(bench.loop, 4);
		check(loop_run(bench.loop) == 4);
		loop_timer_set(bench.timer[2], 0);
		check(loop_run(bench.loop) == 7);
	}
	bench_done(&bench);
}

int main(void)
{
	run(timers_fire_in_order_of_time_and_of_setting);
	run(a_cleared_or_freed_timer_does_not_fire);
	run(a_timer_set_again_fires_once_at_the_new_time);
	run(a_timer_that_sets_itself_starves_nobody);
	run(a_watch_freed_in_a_callback_is_not_called);
	run(only_wanted_events_are_told);
	run(a_descriptor_that_cannot_be_watched_is_refused);
	run(hooks_run_before_each_wait_in_order);
	run(signals_arrive_as_callbacks);
	run(a_stop_before_the_run_counts_once);
	return check_done();
}
