// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A question to a server that is played here, on loopback: it lies, stutters, or stays silent.
 */
#include "nodeagent/stun_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "crypto/crypto.h"
#include "mesh/stun.h"

#define LIES_MAX 4

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Called for each request; false: nothing more is said to this one. */
typedef bool (*lie_fn)(int fd, const struct stun_message *request, const union socket_address *to);

struct stage {
	bool is_v6;
	int fd;
	struct loop_fd *watch;
	struct endpoint server;
	uint16_t port; /* of the node */
	int requests;
	int ignore; /* so many at first */
	lie_fn lies[LIES_MAX];

	struct stun_ask *ask;
	bool is_over;
	bool is_answered;
	struct endpoint mapped;
	struct endpoint local;
};

static struct loop *loop;
static struct stage stage;

static int open_socket(bool is_v6, union socket_address *at)
{
	socklen_t len = is_v6 ? sizeof(at->v6) : sizeof(at->v4);
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*at = (union socket_address){ 0 };
	at->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	if (is_v6)
		at->v6.sin6_addr = in6addr_loopback;
	else
		at->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(fd, &at->any, len) == 0);
	check(getsockname(fd, &at->any, &len) == 0);
	return fd;
}

/* sin_port and sin6_port are at the same place. */
static uint16_t port_of(const union socket_address *at)
{
	return ntohs(at->v4.sin_port);
}

static struct endpoint endpoint_of(const union socket_address *at, bool is_v6)
{
	struct endpoint endpoint = { .port = port_of(at) };

	endpoint.ip.family = is_v6 ? IP_V6 : IP_V4;
	if (is_v6)
		memcpy(endpoint.ip.bytes, &at->v6.sin6_addr, 16);
	else
		memcpy(endpoint.ip.bytes, &at->v4.sin_addr, 4);
	return endpoint;
}

static void say(int fd, const void *bytes, size_t len, const union socket_address *to)
{
	check(sendto(fd, bytes, len, 0, &to->any, stage.is_v6 ? sizeof(to->v6) : sizeof(to->v4)) ==
	      (ssize_t)len);
}

static void say_answer(int fd, const struct stun_message *request, const struct endpoint *mapped,
		       const union socket_address *to)
{
	uint8_t bytes[STUN_ANSWER_MAX];
	size_t len = stun_write_answer(request, mapped, bytes);

	say(fd, bytes, len, to);
}

static const struct endpoint wrong = { { IP_V4, { 203, 0, 113, 66 } }, 666 };

static bool lie_with_another_id(int fd, const struct stun_message *request,
				const union socket_address *to)
{
	struct stun_message other = *request;

	other.txid[STUN_TXID_BYTES - 1] ^= 1;
	say_answer(fd, &other, &wrong, to);
	return true;
}

static bool lie_malformed(int fd, const struct stun_message *request,
			  const union socket_address *to)
{
	uint8_t bytes[STUN_ANSWER_MAX];
	size_t len = stun_write_answer(request, &wrong, bytes);

	say(fd, bytes, len - 1, to);
	say(fd, bytes, 1, to);
	bytes[4] ^= 1; /* the cookie */
	say(fd, bytes, len, to);
	return true;
}

static bool lie_from_elsewhere(int fd, const struct stun_message *request,
			       const union socket_address *to)
{
	union socket_address elsewhere;
	int other = open_socket(stage.is_v6, &elsewhere);

	(void)fd;
	say_answer(other, request, &wrong, to);
	(void)close(other);
	return true;
}

static bool echo_request(int fd, const struct stun_message *request, const union socket_address *to)
{
	uint8_t bytes[STUN_REQUEST_BYTES];

	stun_write_request(request->txid, bytes);
	say(fd, bytes, sizeof(bytes), to);
	return true;
}

static bool refuse(int fd, const struct stun_message *request, const union socket_address *to)
{
	struct stun_message refused = *request;

	refused.unknown[0] = 6;
	refused.unknown_len = 1;
	say_answer(fd, &refused, &wrong, to);
	return false;
}

static void on_request(uint32_t events, void *data)
{
	union socket_address from = { 0 };
	socklen_t from_len = sizeof(from);
	uint8_t bytes[STUN_PACKET_MAX];
	struct stun_message request;
	ssize_t len = recvfrom(stage.fd, bytes, sizeof(bytes), 0, &from.any, &from_len);
	struct endpoint mapped;
	bool goes_on = true;

	(void)events;
	(void)data;
	if (!check(len > 0 && stun_read(bytes, (size_t)len, &request) == 0))
		return;
	check(port_of(&from) == stage.port);
	if (++stage.requests <= stage.ignore)
		return;
	for (size_t i = 0; goes_on && i < LIES_MAX && stage.lies[i]; i++)
		goes_on = stage.lies[i](stage.fd, &request, &from);
	mapped = endpoint_of(&from, stage.is_v6);
	if (goes_on)
		say_answer(stage.fd, &request, &mapped, &from);
}

static void on_end(const struct endpoint *mapped, const struct endpoint *local, void *data)
{
	(void)data;
	check(!stage.is_over);
	stage.is_over = true;
	stage.is_answered = mapped;
	stage.mapped = mapped ? *mapped : (struct endpoint){ 0 };
	stage.local = *local;
	stun_ask_free(stage.ask); /* allowed here */
	stage.ask = NULL;
	loop_stop(loop, 0);
}

/* A server and a port for the node; `holder` -1, or a socket that holds that port. */
static void begin(bool is_v6, int *holder)
{
	union socket_address at;
	int fd;

	stage = (struct stage){ .is_v6 = is_v6 };
	fd = open_socket(is_v6, &at);
	stage.port = port_of(&at);
	if (holder)
		*holder = fd;
	else
		(void)close(fd);
	stage.fd = open_socket(is_v6, &at);
	stage.server = endpoint_of(&at, is_v6);
	check(loop_fd_new(loop, stage.fd, EPOLLIN, on_request, NULL, &stage.watch, NULL) == 0);
}

static int ask(void)
{
	int r = stun_ask_start(loop, &stage.server, stage.port, on_end, NULL, &stage.ask, NULL);

	if (r == 0)
		check(loop_run(loop) == 0);
	return r;
}

static void end(void)
{
	stun_ask_free(stage.ask);
	loop_fd_free(stage.watch);
	(void)close(stage.fd);
}

static void check_truth(void)
{
	struct endpoint self = stage.server;

	self.port = stage.port;
	check(stage.is_over && stage.is_answered);
	check(endpoint_equal(&stage.mapped, &self));
	check(endpoint_equal(&stage.local, &self));
}

static void asks_from_the_given_port(void)
{
	begin(false, NULL);
	check(ask() == 0);
	check(stage.requests == 1);
	check_truth();
	end();
	begin(true, NULL);
	check(ask() == 0);
	check_truth();
	end();
}

static void asks_again_when_datagrams_are_lost(void)
{
	begin(false, NULL);
	stage.ignore = 2;
	check(ask() == 0);
	check(stage.requests == 3);
	check_truth();
	end();
}

static void believes_nobody_else(void)
{
	begin(false, NULL);
	stage.lies[0] = lie_with_another_id;
	stage.lies[1] = lie_malformed;
	stage.lies[2] = lie_from_elsewhere;
	stage.lies[3] = echo_request;
	check(ask() == 0);
	check_truth();
	end();
}

static void takes_a_refusal_for_no_answer(void)
{
	begin(false, NULL);
	stage.lies[0] = refuse;
	check(ask() == 0);
	check(stage.is_over && !stage.is_answered && stage.requests == 1);
	end();
}

static void ask_beside_holder(bool is_v6)
{
	uint8_t copy[STUN_PACKET_MAX];
	int holder = -1;
	int r;

	begin(is_v6, &holder);
	stage.ignore = 1;
	stage.lies[0] = lie_with_another_id;
	stage.lies[1] = lie_malformed;
	stage.lies[2] = lie_from_elsewhere;
	r = ask();
	if (r == -EPERM) {
		printf("# not tried: raw sockets need CAP_NET_RAW\n");
	} else {
		check(r == 0);
		check_truth();
		/* Who holds the port gets what comes for it all the same. */
		check(recv(holder, copy, sizeof(copy), MSG_DONTWAIT) > 0);
	}
	(void)close(holder);
	end();
}

static void asks_beside_whoever_holds_the_port(void)
{
	ask_beside_holder(false);
	ask_beside_holder(true);
}

static void says_whether_it_keeps_the_port(void)
{
	int holder = -1;

	begin(false, &holder);
	check(!stun_ask_holds_port(NULL));
	if (stun_ask_start(loop, &stage.server, stage.port, on_end, NULL, &stage.ask, NULL) == 0)
		check(!stun_ask_holds_port(stage.ask));
	(void)close(holder);
	end();
	begin(false, NULL);
	check(stun_ask_start(loop, &stage.server, stage.port, on_end, NULL, &stage.ask, NULL) == 0);
	check(stun_ask_holds_port(stage.ask));
	end();
}

int main(void)
{
	check(crypto_init(NULL) == 0 && loop_new(&loop, NULL) == 0);
	run(asks_from_the_given_port);
	run(asks_again_when_datagrams_are_lost);
	run(believes_nobody_else);
	run(takes_a_refusal_for_no_answer);
	run(asks_beside_whoever_holds_the_port);
	run(says_whether_it_keeps_the_port);
	loop_free(loop);
	return check_done();
}
