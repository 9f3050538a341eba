// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Connections, counted in all and per client address, and how long each may take to come up with a
 * request. libmicrohttpd would leave connections above its own limits hanging or close them without
 * a word, so those limits stand a little above ours, and what comes in between is answered.
 */
#include "tower/api/http_room.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int compare_clients(const struct http_client *a, const struct http_client *b)
{
	return strcmp(a->address, b->address);
}

TREE_GENERATE(http_client_tree, http_client, link, compare_clients)

/* An IPv4 client of a socket for both families is the same client as on one for IPv4. */
static void write_address(struct MHD_Connection *mhd, char *to, size_t to_bytes)
{
	const struct sockaddr *from =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	const struct sockaddr_in6 *from6 = (const struct sockaddr_in6 *)from;

	(void)snprintf(to, to_bytes, "unix");
	if (from && from->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, to,
				(socklen_t)to_bytes);
	else if (from && from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&from6->sin6_addr))
		(void)inet_ntop(AF_INET, &from6->sin6_addr.s6_addr[12], to, (socklen_t)to_bytes);
	else if (from && from->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &from6->sin6_addr, to, (socklen_t)to_bytes);
}

static struct http_client *client_enter(struct http *http, struct MHD_Connection *mhd)
{
	struct http_client sought = { 0 };
	struct http_client *client;

	write_address(mhd, sought.address, sizeof(sought.address));
	client = RB_FIND(http_client_tree, &http->clients, &sought);
	if (!client) {
		client = calloc(1, sizeof(*client));
		if (!client)
			return NULL;
		*client = sought;
		RB_INSERT(http_client_tree, &http->clients, client);
	}
	client->connections++;
	return client;
}

static void client_leave(struct http *http, struct http_client *client)
{
	if (--client->connections > 0)
		return;
	RB_REMOVE(http_client_tree, &http->clients, client);
	free(client);
}

struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void connection_stop_waiting(struct connection *connection)
{
	if (connection->waiting)
		TAILQ_REMOVE(&connection->daemon->http->waiting, connection, link);
	connection->waiting = false;
}

void connection_start_waiting(struct connection *connection)
{
	struct http *http = connection->daemon->http;

	connection_stop_waiting(connection);
	connection->waiting = true;
	connection->since_ms = loop_now_ms(http->loop);
	TAILQ_INSERT_TAIL(&http->waiting, connection, link);
}

static struct connection *connection_new(struct daemon *daemon, struct MHD_Connection *mhd)
{
	struct http *http = daemon->http;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->client = client_enter(http, mhd);
	if (!connection->client) {
		free(connection);
		return NULL;
	}
	connection->daemon = daemon;
	connection->fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	http->connections++;
	connection->over_limit = http->connections > http->limits.connections;
	connection->over_address_limit =
		connection->client->connections > http->limits.connections_per_address;
	connection_start_waiting(connection);
	return connection;
}

static void connection_free(struct connection *connection)
{
	struct http *http = connection->daemon->http;

	connection_stop_waiting(connection);
	client_leave(http, connection->client);
	http->connections--;
	free(connection);
}

void connection_notify(void *data, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode what)
{
	/* Without memory there is no connection of ours: its first request is dropped. */
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*context = connection_new(data, mhd);
	else if (*context)
		connection_free(*context);
}

/*
 * libmicrohttpd's timeout counts idle time: one byte now and then would hold a connection for ever.
 */
void connection_sweep(struct http *http)
{
	int64_t oldest_ms = loop_now_ms(http->loop) - (int64_t)http->limits.request_s * 1000;
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&http->waiting)) && connection->since_ms < oldest_ms) {
		(void)shutdown(connection->fd, SHUT_RDWR);
		connection_stop_waiting(connection);
	}
}
