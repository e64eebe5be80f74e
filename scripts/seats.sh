# SPDX-License-Identifier: GPL-2.0-only
# People with folders of their own on a server of their own, for the scripts beside it that source this after lib.sh.
# Nothing of the user's is touched. Set: $home (a new folder), $port.

home=$(mktemp -d)
port=20106

# seat NAME COMMAND...: run a command of kchat-tui with folders of its own.
seat() {
	local dir=$home/$1
	shift
	env XDG_DATA_HOME="$dir/data" XDG_STATE_HOME="$dir/state" XDG_CONFIG_HOME="$dir/config" XDG_RUNTIME_DIR="$dir/run" "$@"
}

# open_house NAME PERSON...: start a server of that name, with accounts whose passwords are in $home/PERSON/password.
open_house() {
	local server=$1 name
	shift
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	seat server "$kchat_root/bin/kchat-tui" server start --port "$port" --name "$server" >/dev/null
	for name; do
		mkdir -p "$home/$name"
		head -c 18 /dev/urandom | base64 >"$home/$name/password"
		seat server "$kchat_root/bin/kchat-tui" user add "$name" --password-file "$home/$name/password" --port "$port" >/dev/null
	done
}

# close_house: end the server and forget everything.
close_house() {
	seat server "$kchat_root/bin/kchat-tui" server stop --port "$port" >/dev/null 2>&1 || true
	rm -rf "$home"
}
