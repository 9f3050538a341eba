# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# A redis-server of the test's own, and what a password opens on one.

# redis_start [OPTION…]: on $REDIS_PORT; durable as a tower wants it.
redis_start()
{
	REDIS_PORT=${REDIS_PORT:-$(free_port)}
	mkdir -p "$BATS_TEST_TMPDIR/redis"
	redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$BATS_TEST_TMPDIR/redis" --save '' \
		--appendonly yes --appendfsync always --maxmemory-policy noeviction "$@" \
		>>"$BATS_TEST_TMPDIR/redis.log" 3>&- &
	REDIS_PID=$! # the teardown ends it
	export REDIS_PID
	wait_until 10 redis_answers "$REDIS_PORT"
}

# Whether something on the port speaks Redis, with or without us.
redis_answers()
{
	timeout 5 redis-cli -p "$1" ping 2>&1 | grep -qE 'PONG|NOAUTH'
}

# as PASSWORD PORT WORD…: one command of user signpost.
as()
{
	REDISCLI_AUTH=$1 timeout 10 redis-cli --no-auth-warning --user signpost -p "$2" "${@:3}" 2>&1 </dev/null
}

# Every command and subcommand that this redis-server has, a line each: words, then as many
# arguments as it takes, the signpost where a key belongs.
redis_commands()
{
	local dir=$BATS_TEST_TMPDIR/lister

	mkdir -p "$dir"
	redis-server --port 0 --unixsocket "$dir/sock" --dir "$dir" --save '' >"$dir/log" 3>&- &
	LISTER_PID=$!
	wait_until 10 redis-cli -s "$dir/sock" ping >&2
	redis-cli -s "$dir/sock" --json COMMAND | jq -r '
		def line: (.[0] | split("|")) as $words
			| (.[1] | if . < 0 then -. else . end) as $arity
			| $words + [range($arity - ($words | length)) | "apex:signpost"]
			| join(" ");
		.[] | if (.[9] | length) > 0 then .[9][] else . end | line'
	kill "$LISTER_PID"
	wait "$LISTER_PID" || :
}

# redis_opens_signpost_alone PORT PASSWORD: every command is tried.
redis_opens_signpost_alone()
{
	local port=$1 password=$2 line answer tried=0 wrong=0

	[ "$(as "$password" "$port" PING)" = PONG ]
	[ -n "$(as "$password" "$port" HGETALL apex:signpost)" ] || [ "${3:-}" != filled ]
	while read -ra line; do
		case ${line[0]} in
		# Redis lets anybody run these, for they come before or after a login.
		auth | hello | quit | reset) continue ;;
		ping) continue ;;
		hgetall) line=(hgetall apex:meta) ;;
		esac
		answer=$(as "$password" "$port" "${line[@]}") || : # the answer is looked at
		tried=$((tried + 1))
		case $answer in
		NOPERM* | 'EXECABORT '*NOPERM*) continue ;;
		'SYNC with master failed: -NOPERM '*) continue ;;
		# Refused to everybody, before it is asked who is there.
		'ERR DEBUG command not allowed'* | 'ERR MODULE command not allowed'*) continue ;;
		esac
		wrong=$((wrong + 1))
		echo "${line[*]}: $answer"
	done <<<"$(redis_commands)"
	echo "tried $tried commands, $wrong were not refused"
	[ "$tried" -gt 300 ] && [ "$wrong" -eq 0 ] || return 1
	for line in apex:peers apex:tokens apex:signposts apex: '*' apex:signpos apex:log; do
		[[ "$(as "$password" "$port" HGETALL "$line")" == NOPERM* ]] || return 1
	done
	redis_tells_strangers_nothing "$port" "$password"
}

# What Redis lets run before a login: it tells nothing, and logs nobody in.
redis_tells_strangers_nothing()
{
	local port=$1 password=$2 answers

	answers=$(printf '%s\n' 'HELLO' 'HELLO 3' 'AUTH default wrong' 'AUTH tower wrong' \
		"AUTH tower $password" "AUTH $password" 'RESET' 'PING' 'HGETALL apex:signpost' \
		'COMMAND' 'INFO' 'CLIENT LIST' 'ACL WHOAMI' 'SELECT 1' 'QUIT' |
		timeout 10 redis-cli -p "$port" 2>&1)
	echo "$answers"
	[ "$(grep -cE '^(NOAUTH|WRONGPASS)' <<<"$answers")" -eq 13 ] || return 1
	[ "$(grep -vE '^(NOAUTH|WRONGPASS).*|^$' <<<"$answers" | sort -u)" = RESET ] || return 1
	# Of those who have logged in they tell the version, and a reset logs out again.
	answers=$(printf '%s\n' "AUTH signpost $password" RESET PING | timeout 10 redis-cli -p "$port" 2>&1)
	[[ "$answers" == *NOAUTH* ]] && [[ "$answers" != *PONG* ]]
}
