// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* What the C library's helper thread reads and writes: must outlive a lookup that goes on. */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[NI_MAXHOST];
};

struct resolver {
	struct loop_signal *signal;
	struct lookup *lookup; /* NULL: none is under way */
	resolver_fn fn;
	void *data;
};

bool resolver_is_literal(const char *host, struct resolver_answer *ret_answer)
{
	struct in6_addr address;

	if (str_eq(host, "localhost")) {
		*ret_answer = (struct resolver_answer){ { "127.0.0.1", "::1" }, 2 };
		return true;
	}
	if (inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1)
		return false;
	ret_answer->len = 1;
	return str_copy(ret_answer->address[0], sizeof(ret_answer->address[0]), host) == 0;
}

static void free_lookup(struct lookup *lookup)
{
	if (lookup->request.ar_result)
		freeaddrinfo(lookup->request.ar_result);
	free(lookup);
}

static void read_addresses(const struct addrinfo *list, struct resolver_answer *answer)
{
	for (; list && answer->len < RESOLVER_ADDRESSES_MAX; list = list->ai_next) {
		if (getnameinfo(list->ai_addr, list->ai_addrlen, answer->address[answer->len],
				sizeof(answer->address[0]), NULL, 0, NI_NUMERICHOST) == 0)
			answer->len++;
	}
}

static void on_signal(int signal_number, void *data)
{
	struct resolver *resolver = data;
	struct resolver_answer answer = { .len = 0 };
	char why[NI_MAXHOST + 128] = "";
	struct lookup *lookup;
	int status;

	(void)signal_number;
	if (!resolver->lookup)
		return;
	status = gai_error(&resolver->lookup->request);
	if (status == EAI_INPROGRESS)
		return;
	lookup = TAKE_PTR(resolver->lookup);
	if (status == 0)
		read_addresses(lookup->request.ar_result, &answer);
	if (answer.len == 0)
		(void)snprintf(why, sizeof(why), "host '%s' has no address: %s", lookup->host,
			       gai_strerror(status ? status : EAI_NONAME));
	free_lookup(lookup);
	resolver->fn(&answer, why, resolver->data);
}

int resolver_new(struct loop *loop, resolver_fn fn, void *data, struct resolver **ret_resolver,
		 struct err *err)
{
	_cleanup_free_ struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (!resolver)
		return err_oom(err);
	resolver->fn = fn;
	resolver->data = data;
	r = loop_signal_new(loop, SIGRTMIN, on_signal, resolver, &resolver->signal, err);
	if (r < 0)
		return r;
	*ret_resolver = TAKE_PTR(resolver);
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	loop_signal_free(resolver->signal);
	/* A lookup that cannot be called back keeps its memory: the helper thread still uses it. */
	if (resolver->lookup && gai_cancel(&resolver->lookup->request) != EAI_NOTCANCELED)
		free_lookup(resolver->lookup);
	free(resolver);
}

int resolver_start(struct resolver *resolver, const char *host, struct err *err)
{
	struct sigevent when_done = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	_cleanup_free_ struct lookup *lookup = calloc(1, sizeof(*lookup));
	struct gaicb *list[1];
	int status;

	if (resolver->lookup)
		return err_set(err, -EBUSY, "a name is being looked up already");
	if (!lookup)
		return err_oom(err);
	if (str_copy(lookup->host, sizeof(lookup->host), host) < 0)
		return err_set(err, -EINVAL, "host name too long");
	lookup->hints = (struct addrinfo){ .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	lookup->request.ar_name = lookup->host;
	lookup->request.ar_request = &lookup->hints;
	list[0] = &lookup->request;
	status = getaddrinfo_a(GAI_NOWAIT, list, 1, &when_done);
	if (status != 0)
		return err_set(err, -EAGAIN, "host '%s': %s", host, gai_strerror(status));
	resolver->lookup = TAKE_PTR(lookup);
	return 0;
}
