// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * HTTP requests that hang on the loop: single answers and streams that never end. The only room
 * that knows libcurl. Callbacks come from the loop alone, never from inside a call of ours, so
 * they may start and free any call, their own included.
 *
 * Redirects are not followed: an answer that says "go elsewhere" is an answer.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include <stdbool.h>

#include "base/loop.h"
#include "mesh/addr.h"

#define HTTP_URL_BYTES 272 /* scheme, 253 characters of host, port */
#define HTTP_HOST_BYTES 254
#define HTTP_PIN_BYTES 53         /* "sha256//", 44 characters of base64, NUL */
#define HTTP_ANSWER_MAX (1 << 20) /* a longer answer is a failure; streams have no limit */
#define HTTP_CONNECT_TIMEOUT_MS 5000

/* A server's address: "scheme://host:port" with nothing behind it. */
struct http_url {
	char base[HTTP_URL_BYTES];  /* canonical: lower-case scheme, port always there, no slash */
	char host[HTTP_HOST_BYTES]; /* IPv6 without brackets */
	bool is_tls;
	bool is_loopback; /* the host is localhost or a loopback address, by its text */
};

/*
 * Reads "https://host:8443" or "http://127.0.0.1:8080"; a slash at the end is allowed. -EINVAL for
 * another scheme, a user or password, a path, a query. Without a port: 443 or 80.
 */
int http_url_parse(const char *text, struct http_url *ret_url, struct err *err) _must_check_;

/*
 * "sha256//<base64>" or the base64 alone, of the SHA-256 of a server's public key (RFC 7469),
 * to the long form. -EINVAL.
 */
int http_pin_parse(const char *text, char ret_pin[static HTTP_PIN_BYTES],
		   struct err *err) _must_check_;

/*
 * What vouches for a server: its pin alone, whatever its certificate says; else the certificates
 * of the file; else the system's.
 */
struct http_trust {
	const char *pin;     /* the server's key must be this one; NULL for none */
	const char *ca_file; /* certificates (PEM) that vouch; NULL: the system's */
};

struct http_client;

/* `user_agent` must stay alive. */
int http_client_new(struct loop *loop, const char *user_agent, struct http_client **ret_client,
		    struct err *err) _must_check_;

/*
 * Calls `fn` with every address that a connection is tried to, before it is: names have changing
 * addresses. It may not start or free a call.
 */
typedef void (*http_address_fn)(const struct ip *ip, void *data);
void http_client_tell_addresses(struct http_client *client, http_address_fn fn, void *data);

/*
 * Closes the connections that are kept for further calls. All calls must have been freed before,
 * and this must not be called from inside one's callback.
 */
void http_client_disconnect(struct http_client *client);

/* All calls must have been freed before. NULL is allowed. */
void http_client_free(struct http_client *client);

enum http_outcome {
	HTTP_ANSWERED,    /* there is a status; what it means is the caller's business */
	HTTP_UNREACHABLE, /* no name, no connection, no TLS, broken off, silent for too long */
	HTTP_UNTRUSTED,   /* the pin or the certificate is wrong: nothing was sent */
};

/* What is wrong with a server that is not trusted. */
enum http_distrust {
	HTTP_DISTRUST_OTHER,   /* `why` has the TLS library's words */
	HTTP_DISTRUST_PIN,     /* another key */
	HTTP_DISTRUST_EXPIRED, /* the certificate was good until some time ago */
	HTTP_DISTRUST_EARLY,   /* it is not good yet */
	HTTP_DISTRUST_NAME,    /* it is good for other hosts */
	HTTP_DISTRUST_ISSUER,  /* it is self-made, or made by somebody who is not known */
};

struct http_answer {
	enum http_outcome outcome;
	int status;
	const char *body; /* NUL-terminated; "" for a stream that was handed to on_data */
	size_t body_len;
	const char *address;         /* who answered, as an IP literal; "" when nobody did */
	int64_t retry_after_s;       /* 0: not said */
	const char *why;             /* of a failure, in a sentence; else "" */
	enum http_distrust distrust; /* of HTTP_UNTRUSTED */
	const char *found_pin; /* HTTP_DISTRUST_PIN: the server's pin; "" when it is not known */
};

struct http_call;

/* Everything is borrowed until the function returns. */
typedef void (*http_done_fn)(const struct http_answer *answer, void *data);
typedef void (*http_data_fn)(const char *bytes, size_t len, void *data);

struct http_request {
	const char *method;
	const char *url;
	const struct http_trust *trust; /* of an https URL; NULL: the system's certificates */
	const char *const *headers;     /* "Name: value", NULL at the end; NULL for none */
	const char *body;               /* NULL for none */
	size_t body_len;
	int64_t timeout_ms;   /* for all of it; 0: none */
	int64_t silent_ms;    /* over when not a byte came for so long; 0: never */
	http_data_fn on_data; /* gets the body of a 2xx answer as it comes; NULL: collected */
	http_done_fn on_done; /* once, at the end; not after http_call_free */
	void *data;
};

/* Starts a request; everything of `request` but `data` is copied. The call is the caller's. */
int http_client_start(struct http_client *client, const struct http_request *request,
		      struct http_call **ret_call, struct err *err) _must_check_;

/* Breaks off what still runs. NULL is allowed. */
void http_call_free(struct http_call *call);

#endif
