// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Whether a request fits: connections, headers, body, type. Said before anybody looks at its route.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "tower/api/http_room.h"

/* What libmicrohttpd keeps of a header or query parameter beside its text. */
#define FIELD_BYTES 64

void body_drop(struct http_request *request)
{
	request->daemon->http->bodies_bytes -= request->body.len;
	str_done(&request->body);
}

static void refuse_body(struct http_request *request, enum unfit why)
{
	request->unfit = why;
	body_drop(request);
}

bool body_take(struct http_request *request, const char *bytes, size_t len)
{
	struct http *http = request->daemon->http;

	request->body_seen += len;
	if (request->body_seen > HTTP_BODY_MAX)
		refuse_body(request, UNFIT_BODY);
	else if (http->bodies_bytes + len > HTTP_BODIES_MAX)
		refuse_body(request, UNFIT_ROOM);
	if (request->unfit == FIT) {
		str_append_bytes(&request->body, bytes, len);
		if (request->body.failed)
			refuse_body(request, UNFIT_ROOM);
		else
			http->bodies_bytes += len;
	}
	return request->body_seen <= HTTP_DRAIN_MAX;
}

/*
 * Request line and headers lie in the connection's memory, where the answer's headers go too. When
 * they leave too little even for those of this refusal, libmicrohttpd closes the connection.
 */
static bool has_long_headers(const struct http_request *request)
{
	size_t text = MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
			      ->header_size;
	int fields = MHD_get_connection_values(request->mhd,
					       MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);

	return text + (size_t)fields * FIELD_BYTES > HTTP_HEADERS_MAX;
}

/*
 * A client that is still sending may never see an answer, because the reset for what nobody read
 * overtakes it: so a body that is too long is read first, unless it says that it is enormous.
 */
static bool has_enormous_body(const struct http_request *request)
{
	const char *length = http_header(request, "Content-Length");
	uint64_t bytes;

	return length && str_to_u64(length, 0, HTTP_DRAIN_MAX, &bytes) < 0;
}

bool request_is_hopeless(struct http_request *request)
{
	if (has_long_headers(request))
		request->unfit = UNFIT_HEADERS;
	if (!has_enormous_body(request))
		return false;
	request->unfit = UNFIT_BODY;
	return true;
}

static bool takes_json(const struct http_request *request)
{
	static const char wanted[] = "application/json";
	const char *type = http_header(request, "Content-Type");

	return type && strncasecmp(type, wanted, sizeof(wanted) - 1) == 0 &&
	       strchr("; ", type[sizeof(wanted) - 1]);
}

static enum unfit judge(const struct http_request *request, const struct connection *connection)
{
	if (connection->over_limit)
		return UNFIT_CONNECTION;
	if (connection->over_address_limit)
		return UNFIT_ADDRESS;
	if (request->unfit == FIT && request->body.len > 0 && !takes_json(request))
		return UNFIT_TYPE;
	return request->unfit;
}

bool request_refuse_unfit(struct http_request *request, const struct connection *connection)
{
	const struct http_limits *limits = &request->daemon->http->limits;
	struct refusal refusal = { 0 };

	switch (judge(request, connection)) {
	case FIT:
		return false;
	case UNFIT_CONNECTION:
		refusal_set(&refusal, "E503-connections", "all %u connections are in use",
			    limits->connections);
		refusal_hint(&refusal, "try again soon, or raise --max-connections");
		(void)http_add_header(request, "Connection", "close");
		break;
	case UNFIT_ADDRESS:
		refusal_set(&refusal, "E503-connections", "%s has %u connections open already",
			    connection->client->address, limits->connections_per_address);
		refusal_hint(&refusal, "close some, or raise --max-connections-per-address");
		(void)http_add_header(request, "Connection", "close");
		break;
	case UNFIT_HEADERS:
		refusal_set(&refusal, "E431-headers",
			    "path, query and headers take more than %d bytes", HTTP_HEADERS_MAX);
		refusal_hint(&refusal, "each header counts %d besides its text: send fewer",
			     FIELD_BYTES);
		break;
	case UNFIT_BODY:
		refusal_set(&refusal, "E413-body", "the body is longer than %d bytes",
			    HTTP_BODY_MAX);
		refusal_hint(&refusal, "send less, for instance fewer child prefixes at once");
		break;
	case UNFIT_ROOM:
		refusal_set(&refusal, "E503-busy", "too many requests with a body at once");
		refusal_hint(&refusal, "try again in a moment");
		break;
	case UNFIT_TYPE:
		refusal_set(&refusal, "E415-content-type", "the body is not application/json");
		refusal_hint(&refusal, "add the header 'Content-Type: application/json'");
		break;
	}
	http_refuse(request, &refusal);
	return true;
}
