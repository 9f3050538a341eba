// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The tower's private redis-server: started, started again, taken over, ended.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "rig.h"
#include "tower/store/embedded.h"

/* The process that listens on the folder's socket; 0 when nobody does. */
static pid_t server_of(const struct rig *rig)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/redis.sock", rig->dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return 0;
	return peer.pid;
}

static void embed(struct tower *tower, struct rig *rig)
{
	struct err err = { 0 };

	if (!check(tower_start(tower, rig, NULL, &err) == 0))
		printf("# %s\n", err.text);
	rig_until(rig, tower_is_ready(tower));
}

static void keeps_what_was_acknowledged(void)
{
	struct rig rig;
	struct tower a;
	struct stat info;
	char path[96];
	pid_t pid;

	rig_init_bare(&rig);
	embed(&a, &rig);
	check(store_is_durable(a.store));
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	pid = server_of(&rig);
	check(pid > 0);
	(void)snprintf(path, sizeof(path), "%s/redis.sock", rig.dir);
	check(stat(path, &info) == 0 && (info.st_mode & 0777) == 0700);
	tower_done(&a);
	check(kill(pid, 0) < 0 && errno == ESRCH); /* ended with its tower, and reaped */
	embed(&a, &rig);
	check(state_zones_len(a.state) == 1);
	tower_done(&a);
	rig_done(&rig);
}

static void starts_again_after_a_crash(void)
{
	struct rig rig;
	struct tower a;
	struct asked asked;
	pid_t pid;

	rig_init_bare(&rig);
	embed(&a, &rig);
	check_str(ask_and_wait(&a, zone_request("blue", "10.1.0.0/24")), "OK");
	pid = server_of(&rig);
	check(pid > 0 && kill(pid, SIGKILL) == 0);
	ask(&a, join_request(1, "blue"), &asked);
	rig_until(&rig, asked.answered);
	rig_until(&rig, tower_is_ready(&a) && server_of(&rig) > 0);
	check(server_of(&rig) != pid);
	/* It was sent or not: a second time it is there for sure. */
	check(asked.verdict == VERDICT_CHANGE || strcmp(asked.code, "E503-store") == 0);
	(void)ask_and_wait(&a, join_request(1, "blue"));
	check(state_revision(a.state) == 2 && a.loads == 1);
	tower_done(&a);
	rig_done(&rig);
}

/* As a killed tower leaves it: a server that listens, and holds the lock it has inherited. */
static pid_t leave_server(const struct rig *rig)
{
	char lock[96];
	char socket[96];
	pid_t pid;

	(void)snprintf(lock, sizeof(lock), "%s/redis.lock", rig->dir);
	(void)snprintf(socket, sizeof(socket), "%s/redis.sock", rig->dir);
	pid = fork();
	if (pid == 0) {
		int fd = -1;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (file_lock(lock, &fd, NULL) == 0 && fcntl(fd, F_SETFD, 0) == 0)
			(void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
				     socket, "--dir", rig->dir, "--appendonly", "yes", "--save", "",
				     "--logfile", "redis.log", (char *)NULL);
		_exit(127);
	}
	rig_until((struct rig *)rig, server_of(rig) == pid);
	return pid;
}

static void ends_the_server_of_a_killed_tower(void)
{
	struct rig rig;
	struct tower a;
	pid_t left;

	rig_init_bare(&rig);
	left = leave_server(&rig);
	embed(&a, &rig);
	check(waitpid(left, NULL, WNOHANG) == left);
	check(server_of(&rig) > 0 && server_of(&rig) != left);
	tower_done(&a);
	rig_done(&rig);
}

/* Nobody tells the server: the kernel does. */
static void ends_with_a_tower_that_is_killed(void)
{
	struct rig rig;
	pid_t tower;
	pid_t server = 0;

	rig_init_bare(&rig);
	check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0); /* so that we can see it end */
	tower = fork();
	if (tower == 0) {
		struct embedded *embedded;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (embedded_new(rig.loop, rig.dir, NULL, &embedded, NULL) < 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	rig_until(&rig, (server = server_of(&rig)) > 0);
	check(kill(tower, SIGKILL) == 0 && waitpid(tower, NULL, 0) == tower);
	rig_until(&rig, server > 0 && waitpid(server, NULL, WNOHANG) == server);
	rig_done(&rig);
}

static void refuses_a_folder_in_use(void)
{
	struct rig rig;
	struct embedded *first;
	struct embedded *second;
	struct err err;

	rig_init_bare(&rig);
	check(embedded_new(rig.loop, rig.dir, NULL, &first, &err) == 0);
	check(embedded_new(rig.loop, rig.dir, NULL, &second, &err) == -EWOULDBLOCK);
	check(strstr(err.text, rig.dir) && strstr(err.text, "--state-dir"));
	embedded_free(first);
	check(embedded_new(rig.loop, rig.dir, NULL, &first, &err) == 0);
	embedded_free(first);
	rig_done(&rig);
}

static void says_what_is_not_installed(void)
{
	struct rig rig;
	struct embedded *embedded;
	const char *before = getenv("PATH");
	char *path = strdup(before ? before : "");
	struct err err;

	rig_init_bare(&rig);
	check(setenv("PATH", rig.dir, 1) == 0);
	check(embedded_new(rig.loop, rig.dir, NULL, &embedded, &err) == -ENOENT);
	check(strstr(err.text, "apt-get install redis-server"));
	check(setenv("PATH", path, 1) == 0);
	free(path);
	rig_done(&rig);
}

static void refuses_a_path_that_is_too_long(void)
{
	struct rig rig;
	struct embedded *embedded;
	char dir[200];
	struct err err;

	rig_init_bare(&rig);
	(void)snprintf(dir, sizeof(dir), "%s/%0120d", rig.dir, 0);
	check(embedded_new(rig.loop, dir, NULL, &embedded, &err) == -ENAMETOOLONG);
	rig_done(&rig);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	run(keeps_what_was_acknowledged);
	run(starts_again_after_a_crash);
	run(ends_the_server_of_a_killed_tower);
	run(ends_with_a_tower_that_is_killed);
	run(refuses_a_folder_in_use);
	run(says_what_is_not_installed);
	run(refuses_a_path_that_is_too_long);
	return check_done();
}
