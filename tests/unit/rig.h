// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A real redis-server in a folder of its own, and towers (state, store, commit) on it, all on one
 * loop, for the tests of the store.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "core.h"
#include "crypto/crypto.h"
#include "io/redis.h"
#include "tower/commit.h"

#define RIG_DEADLINE_MS 8000

struct rig {
	char dir[64];
	char url[96];
	pid_t redis; /* 0: not running */
	struct loop *loop;
	struct loop_timer *tick;
	struct redis *console; /* for commands of the test itself */
	char said[512];        /* what the last of them answered: text, number, or "(n items)" */
	bool console_ready;
	bool answered;
};

static inline void rig_must(bool condition, const char *what)
{
	if (condition)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

static inline void rig_on_tick(void *data)
{
	loop_stop(((struct rig *)data)->loop, 0);
}

static inline void rig_turn(struct rig *rig)
{
	loop_timer_set(rig->tick, 1);
	(void)loop_run(rig->loop);
}

/* Turns the loop until the condition holds; false, and a failed check, after a deadline. */
#define rig_until(rig, condition)                                                             \
	({                                                                                    \
		int64_t rig_end_ = clock_mono_ms() + RIG_DEADLINE_MS;                         \
		bool rig_ok_;                                                                 \
		while (!(rig_ok_ = (condition)) && clock_mono_ms() < rig_end_)                \
			rig_turn(rig);                                                        \
		if (!rig_ok_) {                                                               \
			check_test_ok = false;                                                \
			printf("# %s:%d: not in time: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                             \
		rig_ok_;                                                                      \
	})

static inline unsigned rig_free_port(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	rig_must(bind(fd, (struct sockaddr *)&address, len) == 0 &&
			 getsockname(fd, (struct sockaddr *)&address, &len) == 0,
		 "no port");
	return ntohs(address.sin_port);
}

static inline bool rig_listens(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	return str_copy(address.sun_path, sizeof(address.sun_path), path) == 0 &&
	       connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static inline void rig_start_redis(struct rig *rig)
{
	char path[96];
	const char *const argv[] = { "redis-server",
				     "--dir",
				     rig->dir,
				     "--port",
				     "0",
				     "--unixsocket",
				     path,
				     "--appendonly",
				     "yes",
				     "--appendfsync",
				     "always",
				     "--save",
				     "",
				     "--logfile",
				     "redis.log",
				     NULL };
	int64_t end = clock_mono_ms() + RIG_DEADLINE_MS;

	(void)snprintf(path, sizeof(path), "%s/r.sock", rig->dir);
	(void)unlink(path);
	rig->redis = fork();
	if (rig->redis == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing */
		(void)execvp(argv[0], (char *const *)argv);
		printf("Bail out! no redis-server: apt-get install redis-server\n");
		_exit(127);
	}
	while (!rig_listens(path) && clock_mono_ms() < end)
		(void)usleep(1000);
}

static inline void rig_stop_redis(struct rig *rig, int signal_number)
{
	if (rig->redis == 0)
		return;
	(void)kill(rig->redis, signal_number);
	(void)kill(rig->redis, SIGCONT);
	(void)waitpid(rig->redis, NULL, 0);
	rig->redis = 0;
}

static inline void rig_init_bare(struct rig *rig)
{
	*rig = (struct rig){ .dir = "/tmp/apex-store-XXXXXX" };
	(void)signal(SIGPIPE, SIG_IGN);
	rig_must(crypto_init(NULL) == 0 && mkdtemp(rig->dir) && loop_new(&rig->loop, NULL) == 0 &&
			 loop_timer_new(rig->loop, rig_on_tick, rig, &rig->tick, NULL) == 0,
		 "no rig");
	(void)snprintf(rig->url, sizeof(rig->url), "unix://%s/r.sock", rig->dir);
}

static inline void rig_init(struct rig *rig)
{
	rig_init_bare(rig);
	rig_start_redis(rig);
}

static inline int rig_remove(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
	(void)info;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void rig_done(struct rig *rig)
{
	redis_free(rig->console);
	rig_stop_redis(rig, SIGKILL);
	loop_timer_free(rig->tick);
	loop_free(rig->loop);
	(void)nftw(rig->dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A second loop on the same Redis: while one turns, the other hears nothing. */
static inline void rig_init_far(struct rig *far, const struct rig *rig)
{
	*far = *rig;
	far->console = NULL;
	far->console_ready = false;
	rig_must(loop_new(&far->loop, NULL) == 0 &&
			 loop_timer_new(far->loop, rig_on_tick, far, &far->tick, NULL) == 0,
		 "no second loop");
}

static inline void rig_done_far(struct rig *far)
{
	redis_free(far->console);
	loop_timer_free(far->tick);
	loop_free(far->loop);
}

/* --- a console --- */

static inline void rig_on_ready(void *data)
{
	((struct rig *)data)->console_ready = true;
}

static inline void rig_on_closed(const char *why, void *data)
{
	struct rig *rig = data;

	(void)why;
	redis_free(TAKE_PTR(rig->console));
	rig->console_ready = false;
	rig->answered = true;
	rig->said[0] = '\0';
}

static inline void rig_on_reply(const struct redis_reply *reply, void *data)
{
	struct rig *rig = data;

	rig->answered = true;
	if (reply->kind == REDIS_INTEGER)
		(void)snprintf(rig->said, sizeof(rig->said), "%jd", (intmax_t)reply->integer);
	else if (reply->kind == REDIS_ARRAY)
		(void)snprintf(rig->said, sizeof(rig->said), "(%zu items)", reply->len);
	else
		(void)snprintf(rig->said, sizeof(rig->said), "%s", reply->text);
}

/* Sends a command of up to 8 words, up to NULL, and waits for what Redis says. */
static inline const char *rig_ask(struct rig *rig, const char *const *words)
{
	struct redis_args args = { 0 };

	if (!rig->console) {
		_cleanup_(redis_url_wipe) struct redis_url url = { 0 };
		struct redis_config config = { .loop = rig->loop,
					       .url = &url,
					       .connect_timeout_ms = RIG_DEADLINE_MS,
					       .reply_timeout_ms = RIG_DEADLINE_MS,
					       .on_ready = rig_on_ready,
					       .on_closed = rig_on_closed,
					       .data = rig };

		rig_must(redis_url_parse(rig->url, &url, NULL) == 0 &&
				 redis_new(&config, &rig->console, NULL) == 0,
			 "no console");
		rig_until(rig, rig->console_ready);
	}
	redis_args_list(&args, words);
	rig->answered = false;
	rig_must(redis_command(rig->console, &args, rig_on_reply, rig) == 0, "console is closed");
	rig_until(rig, rig->answered);
	return rig->said;
}

#define rig_redis(rig, ...) rig_ask(rig, (const char *const[]){ __VA_ARGS__, NULL })

/* --- towers --- */

struct tower {
	struct rig *rig;
	struct state *state;
	struct presence *presence;
	struct limits limits;
	struct store *store;
	struct commit *commit;
	unsigned loads, changes, history;
	uint64_t last_revision; /* of the last change that was told */
	bool in_order;
};

static inline void tower_on_history(const struct change *change, void *data)
{
	struct tower *tower = data;

	tower->history++;
	commit_take_history(tower->commit, change);
}

static inline void tower_on_loaded(bool again, void *data)
{
	struct tower *tower = data;

	check(again == (tower->loads > 0));
	tower->loads++;
	tower->last_revision = state_revision(tower->state);
}

static inline void tower_on_change(const struct change *change, void *data)
{
	commit_take_change(((struct tower *)data)->commit, change);
}

static inline void tower_on_applied(const struct change *change, void *data)
{
	struct tower *tower = data;

	tower->changes++;
	if (change->revision != tower->last_revision + 1 ||
	    state_revision(tower->state) != change->revision)
		tower->in_order = false;
	tower->last_revision = change->revision;
}

static inline void tower_on_status(enum store_status status, const char *why, void *data)
{
	(void)status;
	(void)why;
	(void)data;
}

/* `url` NULL: with an embedded server in the rig's folder. */
static inline int tower_start(struct tower *tower, struct rig *rig, const char *url,
			      struct err *err)
{
	struct store_config store = {
		.loop = rig->loop,
		.url = url,
		.state_dir = rig->dir,
		.key_prefix = "apex:",
		.log_keep = 10000,
		.on_history = tower_on_history,
		.on_loaded = tower_on_loaded,
		.on_change = tower_on_change,
		.on_status = tower_on_status,
		.data = tower,
	};
	struct commit_config commit = {
		.loop = rig->loop,
		.on_change = tower_on_applied,
		.data = tower,
	};
	int r;

	*tower = (struct tower){ .rig = rig, .limits = LIMITS_DEFAULT, .in_order = true };
	rig_must(state_new(&tower->state) == 0 && presence_new(&tower->presence) == 0, "no memory");
	store.state = commit.state = tower->state;
	store.presence = commit.presence = tower->presence;
	r = store_new(&store, &tower->store, err);
	if (r < 0)
		return r;
	commit.store = tower->store;
	commit.limits = &tower->limits;
	return commit_new(&commit, &tower->commit, err);
}

static inline bool tower_is_ready(const struct tower *tower)
{
	return store_status(tower->store) == STORE_READY;
}

/* Started and ready. */
static inline void tower_init(struct tower *tower, struct rig *rig)
{
	struct err err = { 0 };

	if (!check(tower_start(tower, rig, rig->url, &err) == 0))
		printf("# %s\n", err.text);
	rig_until(rig, tower_is_ready(tower));
}

static inline void tower_done(struct tower *tower)
{
	struct err err;

	check(tower->in_order);
	if (!check(state_check(tower->state, &err) == 0))
		printf("# %s\n", err.text);
	commit_free(tower->commit);
	store_free(tower->store);
	state_free(tower->state);
	presence_free(tower->presence);
}

/* A request that was made, and what became of it. */
struct asked {
	const struct tower *tower;
	bool answered;
	enum verdict verdict;
	uint64_t revision; /* of the state when the answer came */
	char code[REFUSAL_CODE_BYTES];
	char detail[REFUSAL_TEXT_BYTES];
};

static inline void asked_on_answer(const struct commit_answer *answer, void *data)
{
	struct asked *asked = data;

	check(!asked->answered);
	asked->answered = true;
	asked->verdict = answer->verdict;
	asked->revision = state_revision(asked->tower->state);
	if (answer->change)
		check(answer->verdict == VERDICT_CHANGE);
	if (answer->refusal) {
		(void)snprintf(asked->code, sizeof(asked->code), "%s", answer->refusal->code);
		(void)snprintf(asked->detail, sizeof(asked->detail), "%s", answer->refusal->detail);
	}
}

static inline void ask(struct tower *tower, struct request request, struct asked *asked)
{
	*asked = (struct asked){ .tower = tower };
	check(commit_submit(tower->commit, &request, asked_on_answer, asked, NULL, NULL) == 0);
	check(!asked->answered);
}

/* "OK", "SAME" or the code of the refusal. */
static inline const char *ask_and_wait(struct tower *tower, struct request request)
{
	static struct asked asked;

	ask(tower, request, &asked);
	rig_until(tower->rig, asked.answered);
	if (asked.verdict == VERDICT_REFUSED)
		return asked.code;
	return asked.verdict == VERDICT_CHANGE ? "OK" : "SAME";
}

/* Whether two towers hold the same, row by row. */
static inline bool same_peers(const struct tower *a, const struct tower *b)
{
	const struct peer *of_a = state_next_peer(a->state, NULL, NULL);
	const struct peer *of_b = state_next_peer(b->state, NULL, NULL);

	while (of_a && of_b && peer_same(of_a, of_b) && of_a->revision == of_b->revision) {
		of_a = state_next_peer(a->state, NULL, &of_a->key);
		of_b = state_next_peer(b->state, NULL, &of_b->key);
	}
	return !of_a && !of_b && state_revision(a->state) == state_revision(b->state) &&
	       state_mark(a->state) == state_mark(b->state);
}

#endif
