// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One epoll loop: file descriptors, timers, signals, and hooks before each wait. A program has one
 * loop and one thread. Everything may be freed inside any callback, its own included.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_hook;
struct loop_signal;

int loop_new(struct loop **ret_loop, struct err *err) _must_check_;

/* Frees the loop itself; what hangs on it must have been freed before. NULL is allowed. */
void loop_free(struct loop *loop);

/*
 * Turns until loop_stop, also one called before; returns its exit status, or a negative errno when
 * epoll itself fails.
 */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

/* Milliseconds of the monotonic clock at the start of this turn. */
int64_t loop_now_ms(const struct loop *loop);

/*
 * Watches `fd` for `events` (EPOLLIN, EPOLLOUT), level-triggered. The descriptor stays the
 * caller's: free the watch before closing it.
 */
typedef void (*loop_fd_fn)(uint32_t events, void *data);
int loop_fd_new(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *data,
		struct loop_fd **ret_watch, struct err *err) _must_check_;
void loop_fd_set(struct loop_fd *watch, uint32_t events);
void loop_fd_free(struct loop_fd *watch);

/* A timer fires once per loop_timer_set; a new one is not set. */
typedef void (*loop_timer_fn)(void *data);
int loop_timer_new(struct loop *loop, loop_timer_fn fn, void *data, struct loop_timer **ret_timer,
		   struct err *err) _must_check_;
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_clear(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/*
 * Calls `fn` before each wait, in the order of creation; it answers how long the loop may sleep
 * at most, in milliseconds: 0 for not at all, -1 for any time.
 */
typedef int64_t (*loop_hook_fn)(void *data);
int loop_hook_new(struct loop *loop, loop_hook_fn fn, void *data, struct loop_hook **ret_hook,
		  struct err *err) _must_check_;
void loop_hook_free(struct loop_hook *hook);

/*
 * Blocks the signal for the process and delivers it as a callback (signalfd). A child inherits the
 * block: spawn it with an empty signal mask.
 */
typedef void (*loop_signal_fn)(int signal_number, void *data);
int loop_signal_new(struct loop *loop, int signal_number, loop_signal_fn fn, void *data,
		    struct loop_signal **ret_signal, struct err *err) _must_check_;
void loop_signal_free(struct loop_signal *watch);

#endif
