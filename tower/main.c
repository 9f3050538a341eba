// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * controltower: the control plane of Apex.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "tower/redis_acl_command.h"
#include "tower/tower.h"

enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_FAULT = 1, /* it could not start, or the loop broke */
	EXIT_STATUS_USAGE = 2, /* an option is wrong */
};

static void on_stop_signal(int signal_number, void *data)
{
	log_info("tower", "signal %d: stopping", signal_number);
	loop_stop(data, EXIT_STATUS_OK);
}

/* A watcher is a descriptor: all that we may have are wanted. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(const struct tower_config *config, struct err *err)
{
	struct loop_signal *terminate = NULL;
	struct loop_signal *interrupt = NULL;
	struct tower *tower = NULL;
	struct loop *loop = NULL;
	int r = crypto_init(err);

	if (r == 0 && config->redis_acl)
		return redis_acl_command(config, err);
	if (r == 0)
		r = loop_new(&loop, err);
	if (r == 0)
		r = loop_signal_new(loop, SIGTERM, on_stop_signal, loop, &terminate, err);
	if (r == 0)
		r = loop_signal_new(loop, SIGINT, on_stop_signal, loop, &interrupt, err);
	if (r == 0)
		r = tower_new(loop, config, &tower, err);
	if (r == 0) {
		r = loop_run(loop);
		if (r < 0)
			(void)err_errno(err, r, "the event loop");
	}
	tower_free(tower);
	loop_signal_free(interrupt);
	loop_signal_free(terminate);
	loop_free(loop);
	return r;
}

int main(int argc, char **argv)
{
	struct tower_config config = { 0 };
	enum exit_status status = EXIT_STATUS_OK;
	struct err err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	if (tower_config_read(argc, argv, &config, &err) < 0) {
		log_error("tower", "%s", err.text);
		status = EXIT_STATUS_USAGE;
	} else if (config.help) {
		options_print_help(&tower_config_options, stdout);
	} else if (config.version) {
		(void)printf("controltower %s\n", VERSION);
	} else if (!config.check_config && run(&config, &err) < 0) {
		log_error("tower", "%s", err.text);
		status = EXIT_STATUS_FAULT;
	}
	tower_config_done(&config);
	return (int)status;
}
