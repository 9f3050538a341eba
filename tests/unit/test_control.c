// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Both ends of the control socket: the agent's on the loop here, the client's in a child process.
 */
#include "nodeagent/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/str.h"
#include "check.h"
#include "mesh/doc.h"

#define DEADLINE_MS 5000

static char dir[] = "/tmp/agent-control.XXXXXX";

struct stage {
	struct loop *loop;
	struct control *control;
	struct loop_timer *deadline;
	struct loop_timer *later;
	struct loop_signal *child_ends;
	uint64_t client; /* that asked "later" */
	int status;      /* how the child ended */
};

static void on_deadline(void *data)
{
	struct stage *stage = data;

	check(!"the deadline was met");
	loop_stop(stage->loop, 0);
}

static void on_request(uint64_t client, const json_t *request, void *data)
{
	struct stage *stage = data;
	const char *verb = json_string_value(json_object_get(request, "Verb"));

	if (verb && str_eq(verb, "later")) {
		stage->client = client;
		loop_timer_set(stage->later, 20);
	} else if (verb && str_eq(verb, "large")) {
		char text[8192];
		json_t *lines = json_array();

		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		for (int i = 0; i < 200; i++)
			check(json_array_append_new(lines, json_string(text)) == 0);
		control_answer(stage->control, client, json_pack("{s:o}", "Lines", lines));
	} else {
		control_answer(stage->control, client, json_pack("{s:s}", "Echo", verb));
	}
}

static void on_later(void *data)
{
	struct stage *stage = data;

	control_answer(stage->control, stage->client + 1, json_pack("{s:s}", "Echo", "nobody"));
	control_answer(stage->control, stage->client, json_pack("{s:s}", "Echo", "now"));
}

static void on_child(int signal_number, void *data)
{
	struct stage *stage = data;

	(void)signal_number;
	if (waitpid(-1, &stage->status, WNOHANG) > 0)
		loop_stop(stage->loop, 0);
}

static void set_up(struct stage *stage)
{
	*stage = (struct stage){ .status = -1 };
	check(loop_new(&stage->loop, NULL) == 0);
	check(control_new(stage->loop, dir, on_request, stage, &stage->control, NULL) == 0);
	check(loop_timer_new(stage->loop, on_deadline, stage, &stage->deadline, NULL) == 0);
	check(loop_timer_new(stage->loop, on_later, stage, &stage->later, NULL) == 0);
	check(loop_signal_new(stage->loop, SIGCHLD, on_child, stage, &stage->child_ends, NULL) ==
	      0);
	loop_timer_set(stage->deadline, DEADLINE_MS);
}

static void tear_down(struct stage *stage)
{
	control_free(stage->control);
	loop_timer_free(stage->deadline);
	loop_timer_free(stage->later);
	loop_signal_free(stage->child_ends);
	loop_free(stage->loop);
}

static json_t *request_of(const char *verb)
{
	return json_pack("{s:s}", "Verb", verb);
}

/* Runs the client in a child while the loop turns; true when it returned 0. */
static bool serve(struct stage *stage, int (*client)(void))
{
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(client());
	check(child > 0);
	check(loop_run(stage->loop) == 0);
	return WIFEXITED(stage->status) && WEXITSTATUS(stage->status) == 0;
}

static int ask_echo(void)
{
	_cleanup_(doc_unref) json_t *answer = NULL;

	return control_ask(dir, request_of("hello"), &answer, NULL, NULL) != 0 ||
	       !str_eq(json_string_value(json_object_get(answer, "Echo")), "hello");
}

static int ask_large(void)
{
	_cleanup_(doc_unref) json_t *answer = NULL;

	return control_ask(dir, request_of("large"), &answer, NULL, NULL) != 0 ||
	       json_array_size(json_object_get(answer, "Lines")) != 200;
}

static int ask_later(void)
{
	_cleanup_(doc_unref) json_t *answer = NULL;

	return control_ask(dir, request_of("later"), &answer, NULL, NULL) != 0 ||
	       !str_eq(json_string_value(json_object_get(answer, "Echo")), "now");
}

static int ask_too_much(void)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	char verb[CONTROL_REQUEST_MAX];

	memset(verb, 'v', sizeof(verb) - 1);
	verb[sizeof(verb) - 1] = '\0';
	return control_ask(dir, request_of(verb), &answer, NULL, NULL) != -EPROTO;
}

static void a_request_is_answered(void)
{
	struct stage stage;
	struct stat st;
	char path[64];

	set_up(&stage);
	(void)snprintf(path, sizeof(path), "%s/agent.sock", dir);
	check(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	check(serve(&stage, ask_echo));
	tear_down(&stage);
	check(access(path, F_OK) < 0);
}

static void a_large_answer_comes_whole(void)
{
	struct stage stage;

	set_up(&stage);
	check(serve(&stage, ask_large));
	tear_down(&stage);
}

static void a_request_that_is_too_long_ends_the_connection(void)
{
	struct stage stage;

	set_up(&stage);
	check(serve(&stage, ask_too_much));
	tear_down(&stage);
}

static void nobody_there_is_said(void)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	struct err err = { 0 };

	check(control_ask(dir, request_of("status"), &answer, NULL, &err) == -ENOTCONN);
	check(strstr(err.text, "no aircrew runs here") != NULL);
}

static void a_second_agent_is_refused_and_a_dead_one_replaced(void)
{
	struct stage stage;
	struct control *second = NULL;
	struct err err = { 0 };

	set_up(&stage);
	check(control_new(stage.loop, dir, on_request, &stage, &second, &err) == -EADDRINUSE);
	check(strstr(err.text, "--run-dir") != NULL);
	tear_down(&stage);
	/* A child that dies without a word leaves its socket behind. */
	if (fork() == 0) {
		set_up(&stage);
		_exit(0);
	}
	(void)wait(NULL);
	set_up(&stage);
	check(serve(&stage, ask_echo));
	tear_down(&stage);
}

static void a_later_answer_finds_its_client(void)
{
	struct stage stage;

	set_up(&stage);
	check(serve(&stage, ask_later));
	tear_down(&stage);
}

static void a_path_must_fit_an_address(void)
{
	char path[200];

	memset(path, 'd', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	check(control_check_dir(path, NULL) == -ENAMETOOLONG);
	check(control_check_dir("/run/aircrew", NULL) == 0);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	run(a_request_is_answered);
	run(a_large_answer_comes_whole);
	run(a_request_that_is_too_long_ends_the_connection);
	run(nobody_there_is_said);
	run(a_second_agent_is_refused_and_a_dead_one_replaced);
	run(a_later_answer_finds_its_client);
	run(a_path_must_fit_an_address);
	(void)rmdir(dir);
	return check_done();
}
