// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/stun_ask.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "nodeagent/stun_line.h"

#define DATAGRAMS_PER_TURN 16

/* How long to wait after each time of asking; sums up to STUN_ASK_MS. */
static const int64_t waits_ms[] = { 100, 200, 400, 800, 1500 };

struct stun_ask {
	struct stun_line line;
	struct loop_fd *watch;
	struct loop_timer *again;
	size_t asked;
	uint8_t txid[STUN_TXID_BYTES];
	stun_ask_fn fn;
	void *data;
};

static void ask_once(void *data)
{
	struct stun_ask *ask = data;
	uint8_t request[STUN_REQUEST_BYTES];

	if (ask->asked == ARRAY_SIZE(waits_ms)) {
		ask->fn(NULL, &ask->line.local, ask->data);
		return;
	}
	stun_write_request(ask->txid, request);
	stun_line_send(&ask->line, request, sizeof(request));
	loop_timer_set(ask->again, waits_ms[ask->asked++]);
}

/* Whoever cannot see our requests does not know the transaction id. */
static bool is_ours(const struct stun_ask *ask, const struct stun_message *message)
{
	return message->kind != STUN_REQUEST &&
	       crypto_equal(message->txid, ask->txid, sizeof(ask->txid));
}

static void on_readable(uint32_t events, void *data)
{
	struct stun_ask *ask = data;
	uint8_t bytes[STUN_PACKET_MAX];
	struct stun_message message;

	(void)events;
	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		ssize_t len = stun_line_receive(&ask->line, bytes);

		if (len == -EAGAIN)
			return;
		if (stun_read(bytes, (size_t)len, &message) < 0 || !is_ours(ask, &message))
			continue;
		ask->fn(message.kind == STUN_SUCCESS ? &message.mapped : NULL, &ask->line.local,
			ask->data);
		return;
	}
}

static void free_ask(struct stun_ask **ask)
{
	stun_ask_free(*ask);
}

int stun_ask_start(struct loop *loop, const struct endpoint *server, uint16_t port, stun_ask_fn fn,
		   void *data, struct stun_ask **ret_ask, struct err *err)
{
	_cleanup_(free_ask) struct stun_ask *ask = calloc(1, sizeof(*ask));
	int r;

	if (!ask)
		return err_oom(err);
	ask->line.fd = -1;
	ask->fn = fn;
	ask->data = data;
	crypto_random(ask->txid, sizeof(ask->txid));
	r = stun_line_open(server, port, &ask->line, err);
	if (r == 0)
		r = loop_fd_new(loop, ask->line.fd, EPOLLIN, on_readable, ask, &ask->watch, err);
	if (r == 0)
		r = loop_timer_new(loop, ask_once, ask, &ask->again, err);
	if (r < 0)
		return r;
	ask_once(ask);
	*ret_ask = TAKE_PTR(ask);
	return 0;
}

bool stun_ask_holds_port(const struct stun_ask *ask)
{
	return ask && !ask->line.is_raw;
}

void stun_ask_free(struct stun_ask *ask)
{
	if (!ask)
		return;
	loop_timer_free(ask->again);
	loop_fd_free(ask->watch);
	stun_line_close(&ask->line);
	free(ask);
}
