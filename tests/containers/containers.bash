# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# A real Docker Engine for the tests, in a node of the lab: its own networks, mounts and processes,
# which end with the node. What is slow to make (base image, build stages) is kept in a data root
# under build/, so that a second run is quick.

# shellcheck source=tests/net/net.bash
source "${BASH_SOURCE[0]%/*}/../net/net.bash"

ROOT=$(realpath "$BATS_TEST_DIRNAME/../..")
CACHE=$ROOT/build/containers
CGROUP=/apex-${BATS_RUN_TMPDIR##*/}

# What `docker pull debian:trixie-slim` would bring.
base_tarball()
{
	[ -f "$CACHE/base.tar" ] ||
		mmdebstrap --variant=minbase --format=tar --quiet trixie "$CACHE/base.tar.new" || return
	[ -f "$CACHE/base.tar" ] || mv "$CACHE/base.tar.new" "$CACHE/base.tar"
}

# dockerd_words OPTION…: the command line of an engine on the kept data root.
dockerd_words()
{
	printf '%s\n' dockerd --data-root="$CACHE/docker" --exec-root=/run/apex-docker \
		--pidfile=/run/apex-docker.pid --cgroup-parent="$CGROUP" "$@"
}

# What a test before left behind, as a power cut does; images and build stages stay.
docker_forget()
{
	rm -rf "$CACHE/docker/containers" "$CACHE/docker/volumes" "$CACHE/docker/network"
}

# Builds both images while the network of the machine is at hand; the tests' nodes have none. The
# engine is in a mount and a process namespace, runs no container of a test, and ends here.
images_build()
{
	local socket=$BATS_FILE_TMPDIR/docker.sock words pid

	mkdir -p "$CACHE"
	base_tarball || return
	docker_forget
	mapfile -t words < <(dockerd_words --host="unix://$socket" --bridge=none --iptables=false)
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
		--propagation private bash -c 'mount -t tmpfs apex /run && exec "$@"' dockerd \
		"${words[@]}" >"$BATS_FILE_TMPDIR/build.log" 2>&1 3>&- &
	pid=$!
	(
		cd "$ROOT" || exit
		export DOCKER_HOST=unix://$socket
		wait_until 30 docker version &&
			{ docker image inspect debian:trixie-slim >/dev/null 2>&1 ||
				docker import "$CACHE/base.tar" debian:trixie-slim; } &&
			docker-compose build && docker build --network=host -t apex-node \
			-f images/node/Dockerfile . && docker save apex-tower >"$CACHE/tower.tar"
	) >>"$BATS_FILE_TMPDIR/build.log" 2>&1 || {
		tail -n 60 "$BATS_FILE_TMPDIR/build.log"
		kill "$pid"
		return 1
	}
	pkill -TERM -P "$pid"
	wait "$pid" || :
}

# The folders that an engine makes in each hierarchy are all that outlives it.
cgroup_remove()
{
	find /sys/fs/cgroup/*"$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || :
}

# The node's /sys is its own, and empty of control groups.
cgroup_mount()
{
	# shellcheck disable=SC2016 # expanded inside
	node_exec "$1" bash -c 'mount -t tmpfs cgroup /sys/fs/cgroup &&
		while IFS=: read -r _ name _; do
			[ -n "$name" ] || continue
			options=$name
			[ "$name" = "${name#name=}" ] || options=none,$name
			mkdir "/sys/fs/cgroup/${name#name=}" && mount -t cgroup -o "$options" cgroup \
				"/sys/fs/cgroup/${name#name=}" || exit
		done </proc/self/cgroup'
}

# docker_start NODE: an engine in the node, on its usual socket.
docker_start()
{
	local words

	docker_forget
	mapfile -t words < <(dockerd_words)
	cgroup_mount "$1" || return
	node_spawn "$1" dockerd "${words[@]}"
	wait_until 30 node_exec "$1" docker version
}

# podman_start NODE: podman's own folders in the node are fresh; it has no engine to start. Flags as
# machines with both versions of control groups want them. podman-compose is from PyPI.
podman_start()
{
	[ -x "$CACHE/venv/bin/podman-compose" ] ||
		{ python3 -m venv "$CACHE/venv" && "$CACHE/venv/bin/pip" install --quiet podman-compose; } ||
		return
	cgroup_mount "$1" || return
	cat >"$LAB_DIR/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		log_driver = "k8s-file"
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	export CONTAINERS_CONF=$LAB_DIR/containers.conf PATH=$CACHE/venv/bin:$PATH
	node_exec "$1" podman load --quiet --input "$CACHE/tower.tar"
}

# in_clone NODE COMMANDS: in the clone of the repository, as a person there types them.
in_clone()
{
	# shellcheck disable=SC2016 # expanded inside
	node_exec "$1" bash -c 'cd "$1" && eval "$2"' clone "$ROOT" "$2"
}
