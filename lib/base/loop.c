// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * epoll hands out a batch of events with raw pointers. A callback may free any watch, so a freed
 * watch is only marked and put aside: the memory goes at the end of the turn, when no event of the
 * batch can name it any more.
 */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/tree.h"

#define EVENTS_PER_TURN 64

struct loop_fd {
	struct loop *loop;
	LIST_ENTRY(loop_fd) dead_link;
	int fd;
	bool dead;
	loop_fd_fn fn;
	void *data;
};

struct loop_timer {
	struct loop *loop;
	RB_ENTRY(loop_timer) link;
	int64_t due_ms;
	uint64_t order; /* timers due at once fire in the order in which they were set */
	bool is_set;
	loop_timer_fn fn;
	void *data;
};

struct loop_hook {
	struct loop *loop;
	TAILQ_ENTRY(loop_hook) link;
	bool dead;
	loop_hook_fn fn;
	void *data;
};

struct loop_signal {
	struct loop_fd *watch;
	int fd;
	loop_signal_fn fn;
	void *data;
};

RB_HEAD(timer_tree, loop_timer);

struct loop {
	int epoll_fd;
	bool stopped;
	bool in_hooks;
	int status;
	int64_t now_ms;
	uint64_t timers_set;
	struct timer_tree timers;
	LIST_HEAD(, loop_fd) dead_fds;
	TAILQ_HEAD(, loop_hook) hooks;
};

static int compare_timers(const struct loop_timer *a, const struct loop_timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return 0;
}

TREE_GENERATE(timer_tree, loop_timer, link, compare_timers)

int loop_new(struct loop **ret_loop, struct err *err)
{
	_cleanup_free_ struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return err_oom(err);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return err_errno(err, -errno, "epoll");
	loop->now_ms = clock_mono_ms();
	RB_INIT(&loop->timers);
	LIST_INIT(&loop->dead_fds);
	TAILQ_INIT(&loop->hooks);
	*ret_loop = TAKE_PTR(loop);
	return 0;
}

static void bury_dead(struct loop *loop)
{
	struct loop_fd *watch;

	while ((watch = LIST_FIRST(&loop->dead_fds))) {
		LIST_REMOVE(watch, dead_link);
		free(watch);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	bury_dead(loop);
	(void)close(loop->epoll_fd);
	free(loop);
}

void loop_stop(struct loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

int loop_fd_new(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data,
		struct loop_fd **ret_watch, struct err *err)
{
	_cleanup_free_ struct loop_fd *watch = calloc(1, sizeof(*watch));
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (!watch)
		return err_oom(err);
	*watch = (struct loop_fd){ .loop = loop, .fd = fd, .fn = fn, .data = data };
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_errno(err, -errno, "epoll: watch descriptor %d", fd);
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

void loop_fd_set(struct loop_fd *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	/* Cannot fail for a descriptor that is being watched. */
	(void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_fd_free(struct loop_fd *watch)
{
	if (!watch)
		return;
	(void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->dead = true;
	LIST_INSERT_HEAD(&watch->loop->dead_fds, watch, dead_link);
}

int loop_timer_new(struct loop *loop, loop_timer_fn fn, void *data, struct loop_timer **ret_timer,
		   struct err *err)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return err_oom(err);
	*timer = (struct loop_timer){ .loop = loop, .fn = fn, .data = data };
	*ret_timer = timer;
	return 0;
}

void loop_timer_clear(struct loop_timer *timer)
{
	if (timer->is_set)
		RB_REMOVE(timer_tree, &timer->loop->timers, timer);
	timer->is_set = false;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
	loop_timer_clear(timer);
	/* The clock is read afresh: a long turn must not make its timers come early. */
	timer->due_ms = clock_mono_ms() + MAX(delay_ms, 0);
	timer->order = timer->loop->timers_set++;
	timer->is_set = true;
	RB_INSERT(timer_tree, &timer->loop->timers, timer);
}

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	loop_timer_clear(timer);
	free(timer);
}

int loop_hook_new(struct loop *loop, loop_hook_fn fn, void *data, struct loop_hook **ret_hook,
		  struct err *err)
{
	struct loop_hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return err_oom(err);
	*hook = (struct loop_hook){ .loop = loop, .fn = fn, .data = data };
	TAILQ_INSERT_TAIL(&loop->hooks, hook, link);
	*ret_hook = hook;
	return 0;
}

static void drop_hook(struct loop_hook *hook)
{
	TAILQ_REMOVE(&hook->loop->hooks, hook, link);
	free(hook);
}

void loop_hook_free(struct loop_hook *hook)
{
	if (!hook)
		return;
	hook->dead = true;
	if (!hook->loop->in_hooks)
		drop_hook(hook);
}

static void on_signal(uint32_t events, void *data)
{
	struct loop_signal *watch = data;
	struct signalfd_siginfo info;

	(void)events;
	/* SIGCHLD coalesces: one callback may stand for several children. */
	if (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		watch->fn((int)info.ssi_signo, watch->data);
}

int loop_signal_new(struct loop *loop, int signal_number, loop_signal_fn fn, void *data,
		    struct loop_signal **ret_signal, struct err *err)
{
	_cleanup_free_ struct loop_signal *watch = calloc(1, sizeof(*watch));
	_cleanup_close_ int fd = -1;
	sigset_t set;
	int r;

	if (!watch)
		return err_oom(err);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal_number);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(err, -errno, "block signal %d", signal_number);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(err, -errno, "signalfd for signal %d", signal_number);
	r = loop_fd_new(loop, fd, EPOLLIN, on_signal, watch, &watch->watch, err);
	if (r < 0)
		return r;
	watch->fd = TAKE_FD(fd);
	watch->fn = fn;
	watch->data = data;
	*ret_signal = TAKE_PTR(watch);
	return 0;
}

void loop_signal_free(struct loop_signal *watch)
{
	if (!watch)
		return;
	loop_fd_free(watch->watch);
	(void)close(watch->fd);
	free(watch);
}

static int64_t run_hooks(struct loop *loop)
{
	int64_t sleep_ms = -1;
	struct loop_hook *next;

	loop->in_hooks = true;
	for (struct loop_hook *hook = TAILQ_FIRST(&loop->hooks); hook;
	     hook = TAILQ_NEXT(hook, link)) {
		int64_t most = hook->dead ? -1 : hook->fn(hook->data);

		if (most >= 0 && (sleep_ms < 0 || most < sleep_ms))
			sleep_ms = most;
	}
	loop->in_hooks = false;
	for (struct loop_hook *hook = TAILQ_FIRST(&loop->hooks); hook; hook = next) {
		next = TAILQ_NEXT(hook, link);
		if (hook->dead)
			drop_hook(hook);
	}
	return sleep_ms;
}

static int64_t until_next_timer(struct loop *loop)
{
	struct loop_timer *first = RB_MIN(timer_tree, &loop->timers);

	return first ? MAX(first->due_ms - clock_mono_ms(), 0) : -1;
}

static void fire_timers(struct loop *loop)
{
	uint64_t set_before = loop->timers_set;
	struct loop_timer *first;

	/* A timer that sets itself to 0 ms waits for the next turn, or the loop would starve. */
	while ((first = RB_MIN(timer_tree, &loop->timers)) && first->due_ms <= loop->now_ms &&
	       first->order < set_before) {
		loop_timer_clear(first);
		first->fn(first->data);
	}
}

static int wait_ms(int64_t a, int64_t b)
{
	int64_t most = a < 0 ? b : b < 0 ? a : MIN(a, b);

	return most < 0 ? -1 : (int)MIN(most, 3600000);
}

int loop_run(struct loop *loop)
{
	struct epoll_event ready[EVENTS_PER_TURN];

	while (!loop->stopped) {
		int64_t hooks_ms = run_hooks(loop);
		int n;

		if (loop->stopped)
			break;
		n = epoll_wait(loop->epoll_fd, ready, EVENTS_PER_TURN,
			       wait_ms(hooks_ms, until_next_timer(loop)));
		if (n < 0 && errno != EINTR)
			return -errno;
		loop->now_ms = clock_mono_ms();
		for (int i = 0; i < n; i++) {
			struct loop_fd *watch = ready[i].data.ptr;

			if (!watch->dead)
				watch->fn(ready[i].events, watch->data);
		}
		fire_timers(loop);
		bury_dead(loop);
	}
	loop->stopped = false;
	return loop->status;
}
