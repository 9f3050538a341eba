# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Who may include whom. Each breach is a line; ARCHITECTURE.md shows the same table to people.
BEGIN {
	# room -> first words of the project's headers that it may include
	may["lib/base"] = "base"
	may["lib/crypto"] = "base crypto"
	may["lib/mesh"] = "base crypto mesh"
	may["lib/io"] = "base mesh io"
	may["tower/core"] = "base crypto mesh tower/core"
	may["tower"] = "base crypto mesh io tower"
	may["nodeagent"] = "base crypto mesh io nodeagent"

	# a library's header -> the only files that may include it
	only["sodium.h"] = "^lib/crypto/"
	only["hiredis/"] = "^lib/io/redis"
	only["curl/"] = "^lib/io/http_client"
	only["libmnl/"] = "^lib/io/netlink"
	only["microhttpd.h"] = "^tower/api/http"
	only["gnutls/"] = "^tower/tls"
	only["bsd/sys/tree.h"] = "^lib/base/tree"
	only["jansson.h"] = "^(lib/mesh|lib/io|tower|nodeagent)/"

	# rooms that are functions of their arguments, and what would make them more
	pure = "^(tower/core|lib/mesh)/|^nodeagent/(desired|plan|repairs|view|own_endpoint_choice)"
	impure = "^base/(loop|file|log|clock)\\.h|^io/|^(sys/socket|sys/stat|fcntl|poll|time|sys/time)\\.h"
}

function room_of(file, at)
{
	while (match(file, "/[^/]*$")) {
		file = substr(file, 1, RSTART - 1)
		if (file in may)
			return file
	}
	return ""
}

function breach(reason)
{
	printf "%s:%d: %s\n", FILENAME, FNR, reason
	breaches++
}

function check_room(header, n, words, i)
{
	n = split(may[room], words, " ")
	for (i = 1; i <= n; i++)
		if (index(header, words[i] "/") == 1)
			return
	breach(room " may not include " header "; it may: " may[room])
}

FNR == 1 {
	room = room_of(FILENAME)
}

room != "" && /^#[ \t]*include[ \t]*[<"]/ {
	split($0, parts, /[<">]/)
	header = parts[2]
	if ($0 ~ /"/)
		check_room(header)
	for (library in only)
		if (index(header, library) == 1 && FILENAME !~ only[library])
			breach(header " may be included by " only[library] " alone")
	if (FILENAME ~ pure && header ~ impure)
		breach("this room is pure: no " header)
}

END {
	exit breaches > 0
}
