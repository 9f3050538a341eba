// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"
#include "nodeagent/agent.h"
#include "nodeagent/control.h"
#include "nodeagent/documented.h"
#include "nodeagent/interface.h"
#include "nodeagent/why.h"

static enum exit_status fail(enum exit_status exit_status, const struct err *err)
{
	(void)fprintf(stderr, "aircrew: %s\n", err->text);
	return exit_status;
}

static void print_help(void)
{
	options_print_help(&agent_options_table, stdout);
	(void)fputs(
		"\nWithout a word aircrew runs and keeps the node in its zone; the tunnels "
		"outlive it.\n"
		"\nThe words:\n"
		"  status      what this node is and sees; --json for programs\n"
		"  why PEER    why a peer (key, its beginning, host name or address) is reached, "
		"or not\n"
		"  down        end the agent and remove what it made here; key and cache stay\n"
		"  rotate-key  give this node a new key; address and prefixes stay\n"
		"  leave       leave the zone at the tower, then down\n"
		"\nExit status:\n"
		"  0  all is well\n"
		"  1  something here went wrong\n"
		"  2  options that make no sense\n"
		"  3  the tower refused the first join, or the signpost's Redis to be read\n"
		"  4  no tower or signpost, and no cache to start from\n"
		"  5  the tower's pin or certificate is wrong\n"
		"  6  no agent runs here (status, why)\n",
		stdout);
}

/* Asks the running agent; an answer with "Error" is one. */
static int ask(const struct agent_options *options, const char *verb, const char *peer,
	       json_t **ret_answer, int *ret_fd, struct err *err)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	json_t *request = peer ? json_pack("{s:s, s:s}", "Verb", verb, "Peer", peer)
			       : json_pack("{s:s}", "Verb", verb);
	int r = control_ask(options->run_dir, request, &answer, ret_fd, err);
	const char *error;

	if (r < 0)
		return r;
	error = json_string_value(json_object_get(answer, "Error"));
	if (error)
		return err_set(err, -EREMOTEIO, "%s", error);
	*ret_answer = TAKE_PTR(answer);
	return 0;
}

static enum exit_status show_status(const struct agent_options *options, const char *peer)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	struct err err = { 0 };
	int r = ask(options, peer ? "why" : "status", peer, &answer, NULL, &err);

	if (r == -ENOTCONN)
		return fail(EXIT_NOT_RUNNING, &err);
	if (r < 0)
		return fail(EXIT_FAULT, &err);
	if (options->json) {
		(void)json_dumpf(answer, stdout, JSON_INDENT(1));
		(void)fputc('\n', stdout);
	} else if (peer) {
		why_print(answer, stdout);
	} else {
		status_print(answer, stdout);
	}
	return EXIT_OK;
}

static enum exit_status rotate_key(const struct agent_options *options)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	struct err err = { 0 };
	int r = ask(options, "rotate-key", NULL, &answer, NULL, &err);
	const char *key = json_string_value(json_object_get(answer, "PublicKey"));

	if (r == -ENOTCONN)
		return fail(EXIT_NOT_RUNNING, &err);
	if (r < 0)
		return fail(EXIT_FAULT, &err);
	(void)printf("the public key is %s now\n", key ? key : "another one");
	return EXIT_OK;
}

/* Ends a running agent; its interface is then the one to clean up. */
static int stop_agent(const struct agent_options *options, char ret_interface[INTERFACE_NAME_BYTES],
		      enum foreign_peers *ret_foreign_peers, struct err *err)
{
	_cleanup_(doc_unref) json_t *answer = NULL;
	_cleanup_close_ int fd = -1;
	const char *interface;
	int r = ask(options, "stop", NULL, &answer, &fd, err);

	if (r == -ENOTCONN)
		return 0;
	if (r < 0)
		return r;
	interface = json_string_value(json_object_get(answer, "Interface"));
	if (!interface || str_copy(ret_interface, INTERFACE_NAME_BYTES, interface) < 0)
		return err_set(err, -EPROTO, "the agent does not say which interface is its");
	/* It knows more of them than can be seen from here. */
	if (json_is_false(json_object_get(answer, "HasForeignPeers")))
		*ret_foreign_peers = FOREIGN_NONE;
	else if (json_is_true(json_object_get(answer, "KeepsForeignPeers")))
		*ret_foreign_peers = FOREIGN_KEEP;
	return control_wait_end(fd, err);
}

static enum exit_status take_down(const struct agent_options *options)
{
	char interface[INTERFACE_NAME_BYTES] = "";
	enum foreign_peers foreign_peers = config_foreign_peers(options);
	struct err err = { 0 };
	int r = interface_check_name(options->interface, &err);

	if (r < 0)
		return fail(EXIT_USAGE, &err);
	r = str_copy(interface, sizeof(interface), options->interface);
	if (r >= 0)
		r = stop_agent(options, interface, &foreign_peers, &err);
	if (r >= 0)
		r = reconcile_remove_all(interface, foreign_peers, &err);
	if (r >= 0)
		r = documented_remove(DOCUMENTED_DIR, interface, &err);
	return r < 0 ? fail(EXIT_FAULT, &err) : EXIT_OK;
}

static enum exit_status leave(const struct agent_options *options)
{
	_cleanup_(config_done) struct config config = { 0 };
	_cleanup_(doc_unref) json_t *answer = NULL;
	struct err err = { 0 };
	enum exit_status exit_status;
	int r = ask(options, "leave", NULL, &answer, NULL, &err);

	if (r < 0 && r != -ENOTCONN)
		return fail(EXIT_FAULT, &err);
	if (r == -ENOTCONN) {
		r = config_make(options, &config, &err);
		if (r < 0)
			return fail(r == -EINVAL ? EXIT_USAGE : EXIT_FAULT, &err);
		exit_status = config.has_key ? agent_leave(&config) : EXIT_OK;
		if (exit_status != EXIT_OK)
			return exit_status;
	}
	return take_down(options);
}

static enum exit_status run(const struct agent_options *options)
{
	_cleanup_(config_done) struct config config = { 0 };
	struct err err = { 0 };
	int r = config_make(options, &config, &err);

	if (r < 0)
		return fail(r == -EINVAL ? EXIT_USAGE : EXIT_FAULT, &err);
	if (options->check_config) {
		(void)puts("the options are right");
		return EXIT_OK;
	}
	return agent_run(&config);
}

static enum exit_status dispatch(const struct agent_options *options,
				 const struct option_list *words)
{
	const char *verb = words->len > 0 ? words->at[0] : "";
	bool is_alone = words->len == 1;
	struct err err = { 0 };

	if (words->len == 0)
		return run(options);
	if (is_alone && str_eq(verb, "status"))
		return show_status(options, NULL);
	if (words->len == 2 && str_eq(verb, "why"))
		return show_status(options, words->at[1]);
	if (is_alone && str_eq(verb, "down"))
		return take_down(options);
	if (is_alone && str_eq(verb, "rotate-key"))
		return rotate_key(options);
	if (is_alone && str_eq(verb, "leave"))
		return leave(options);
	(void)err_set(&err, -EINVAL, "'%.64s'%s; aircrew --help lists the words", verb,
		      is_alone ? " is none of its words" : " does not go with these words");
	return fail(EXIT_USAGE, &err);
}

static enum exit_status start(const struct agent_options *options, const struct option_list *words)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct err err = { 0 };

	if (options->help) {
		print_help();
		return EXIT_OK;
	}
	if (options->version) {
		(void)puts("aircrew " VERSION);
		return EXIT_OK;
	}
	if (log_level_parse(options->log_level, &level) < 0 || crypto_init(&err) < 0)
		return fail(EXIT_FAULT, &err);
	log_set_level(level);
	/* A peer that hangs up is an error of write(), not a reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
	return dispatch(options, words);
}

int main(int argc, char **argv)
{
	struct agent_options options = { 0 };
	struct option_list words = { 0 };
	struct err err = { 0 };
	enum exit_status exit_status;

	if (options_parse(&agent_options_table, argc, argv, &options, &words, &err) < 0)
		exit_status = fail(EXIT_USAGE, &err);
	else
		exit_status = start(&options, &words);
	options_done(&agent_options_table, &options);
	vec_done(&words);
	return (int)exit_status;
}
