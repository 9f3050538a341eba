// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Every route asked for by everybody, with real credentials, held against the table that people
 * read: tests/unit/data/auth-matrix.txt.
 */
#include "auth.h"
#include "base/file.h"

#define MATRIX "tests/unit/data/auth-matrix.txt"
#define CELL_BYTES 24

enum column {
	BARE,
	OPEN,
	VIEWER,
	ADMIN,
	NODE,
	FOREIGN,
	NEIGHBOUR,
	PROOF,
	JOINER,
	SIGNPOST,
	COLUMNS_LEN
};

static const char *const column_names[COLUMNS_LEN] = { "bare",   "open",    "viewer",    "admin",
						       "node",   "foreign", "neighbour", "proof",
						       "joiner", "signpost" };

/* How a route is asked for: whether its path names a zone or a peer. */
static const struct {
	const char *name;
	const char *method;
	const char *path;
	bool has_zone;
	bool has_peer;
} routes[ROUTES_LEN] = {
	[ROUTE_HEALTH] = { "health", "GET", "/healthz", false, false },
	[ROUTE_CHALLENGE] = { "challenge", "GET", "/challenge", false, false },
	[ROUTE_ZONES_LIST] = { "zones-list", "GET", "/zones", false, false },
	[ROUTE_ZONE_GET] = { "zone-get", "GET", "/zones/Z", true, false },
	[ROUTE_ZONE_CREATE] = { "zone-create", "POST", "/zones", false, false },
	[ROUTE_ZONE_PATCH] = { "zone-patch", "PATCH", "/zones/Z", true, false },
	[ROUTE_ZONE_DELETE] = { "zone-delete", "DELETE", "/zones/Z", true, false },
	[ROUTE_PEERS_LIST] = { "peers-list", "GET", "/peers", false, false },
	[ROUTE_ZONE_PEERS_LIST] = { "zone-peers", "GET", "/zones/Z/peers", true, false },
	[ROUTE_PEER_GET] = { "peer-get", "GET", "/peers/P", false, true },
	[ROUTE_PEER_STATUS] = { "peer-status", "GET", "/peers/P/status", false, true },
	[ROUTE_PEER_CONFIG] = { "peer-config", "GET", "/peers/P/config", false, true },
	[ROUTE_PEER_PATCH] = { "peer-patch", "PATCH", "/peers/P", false, true },
	[ROUTE_PEER_DELETE] = { "peer-delete", "DELETE", "/peers/P", false, true },
	[ROUTE_PEER_ROTATE] = { "peer-rotate", "POST", "/peers/P/rotate", false, true },
	[ROUTE_JOIN] = { "join", "POST", "/zones/Z/peers", true, true },
	[ROUTE_EVENTS] = { "events", "GET", "/zones/Z/events", true, false },
	[ROUTE_LEASES] = { "leases", "GET", "/ipam/leases/Z", true, false },
	[ROUTE_TOKENS_LIST] = { "tokens-list", "GET", "/zones/Z/tokens", true, false },
	[ROUTE_TOKEN_CREATE] = { "token-create", "POST", "/zones/Z/tokens", true, false },
	[ROUTE_TOKEN_DELETE] = { "token-delete", "DELETE", "/zones/Z/tokens/T", true, false },
};

static struct tower tower;
static struct node own, neighbour, foreigner, newcomer;
static char expected[ROUTES_LEN][COLUMNS_LEN][CELL_BYTES];

static void read_row(char *line)
{
	char *rest = NULL;
	const char *name = strtok_r(line, " ", &rest);
	size_t route = 0;

	if (!name || name[0] == '#')
		return;
	while (route < ROUTES_LEN && strcmp(routes[route].name, name) != 0)
		route++;
	if (!check(route < ROUTES_LEN && !expected[route][0][0]))
		return;
	for (size_t column = 0; column < COLUMNS_LEN; column++) {
		const char *cell = strtok_r(NULL, " ", &rest);

		if (check(cell && strlen(cell) < CELL_BYTES))
			(void)snprintf(expected[route][column], CELL_BYTES, "%s", cell);
	}
	check(!strtok_r(NULL, " ", &rest));
}

static void table_of_people_has_every_route_once(void)
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL;

	if (!check(file_read(MATRIX, 65536, &text, NULL, NULL) == 0))
		return;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_row(line);
	for (size_t route = 0; route < ROUTES_LEN; route++)
		check(expected[route][COLUMNS_LEN - 1][0] != '\0');
}

static const char *ask_as(enum column column, enum auth_route route)
{
	const bool enters = column == JOINER || column == SIGNPOST;
	const struct node *prover = column == PROOF ? &own : enters ? &newcomer : NULL;
	const struct node *named = column == FOREIGN     ? &foreigner
				   : column == NEIGHBOUR ? &neighbour
				   : enters              ? &newcomer
							 : &own;
	struct auth_request request = {
		.listener = column == OPEN ? &open_listener : &closed_listener,
		.route = route,
		.method = routes[route].method,
		.path = routes[route].path,
		.zone = !routes[route].has_zone ? ""
			: column == FOREIGN     ? "red"
						: "blue",
		.peer = routes[route].has_peer ? &named->key : NULL,
		.client = "192.0.2.1",
	};
	char proof[PROOF_TEXT_BYTES];
	char id[PEER_TOKEN_ID_BYTES];
	struct auth_subject subject;

	if (column == VIEWER)
		request.authorization = "Bearer " VIEWER_TOKEN;
	if (column == ADMIN)
		request.authorization = "Bearer " ADMIN_TOKEN;
	if (column == NODE || column == FOREIGN || column == NEIGHBOUR)
		request.authorization = ticket_of(&tower, &own);
	if (column == JOINER)
		request.authorization = token_of(&tower, "blue", 1, id);
	if (column == SIGNPOST)
		request.authorization = signpost_of(&tower, tower.core.now_ms);
	if (prover) {
		prove(&tower, prover, &request, proof);
		request.proof = proof;
	}
	return ask(&tower, &request, &subject);
}

static void check_cell(enum auth_route route, enum column column)
{
	if (!check_str(ask_as(column, route), expected[route][column]))
		printf("# %s as %s\n", routes[route].name, column_names[column]);
}

static void each_role_gets_what_the_table_says(void)
{
	for (enum auth_route route = 0; route < ROUTES_LEN; route++) {
		for (enum column column = 0; column < COLUMNS_LEN; column++)
			check_cell(route, column);
	}
}

int main(void)
{
	tower_init(&tower);
	node_init(&own);
	node_init(&neighbour);
	node_init(&foreigner);
	node_init(&newcomer);
	node_join(&tower, &own, "blue");
	node_join(&tower, &neighbour, "blue");
	node_join(&tower, &foreigner, "red");
	run(table_of_people_has_every_route_once);
	run(each_role_gets_what_the_table_says);
	tower_done(&tower);
	return check_done();
}
