# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# A Redis of its own on the node "redis", with a signpost that the test writes: what an agent makes
# of it does not depend on who wrote it.

REDIS_PASSWORD=right-horse

redis_start()
{
	node_spawn redis redis-server redis-server --save '' --appendonly no --bind 0.0.0.0 \
		--requirepass "$REDIS_PASSWORD" --protected-mode no "$@"
	wait_until 10 redis_says PING
}

redis_says() # WORD…
{
	node_exec redis redis-cli --no-auth-warning -a "$REDIS_PASSWORD" "$@"
}

# signpost_write [PIN [URL [UNTIL]]]: the tower, as it would tell of itself; the join token of zone
# default as the join secret.
signpost_write()
{
	local pin=${1-$TOWER_PIN} url=${2-$(tower_url)} until=${3-$(($(now_ms) + 3600000))}

	redis_says HSET apex:signpost tower:00000000000000a1 \
		"{\"url\":\"$url\",\"pin\":\"$pin\",\"stun\":\"\",\"until\":$until}"
}

signpost_join() # SECRET
{
	redis_says HSET apex:signpost join "$1"
}

# aircrew_spawn NODE [OPTION…]: as the documentation has it, with nothing but the Redis (or what
# stands in SIGNPOST).
aircrew_spawn()
{
	local node=$1

	node_spawn "$node" aircrew "$BIN/aircrew" --controller="${SIGNPOST:-$(node_ip redis)}" \
		--controller-password="$REDIS_PASSWORD" --local-endpoint-ip="$(node_ip "$node")" \
		--hostname="$node" "${@:2}"
}
