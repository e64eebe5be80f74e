# SPDX-License-Identifier: GPL-2.0-only
# How the tour does a step, looks at what came of it, and shows both.

chapter() { printf '\n==== %s ====\n' "$*"; }
note() { printf '\n# %s\n' "$*"; }

fail() {
	printf '\nNOT AS IT SHOULD BE: %s\n' "$*"
	for who in $screens; do
		printf -- '---- the screen of %s ----\n' "$who"
		tmux capture-pane -p -t "$who" | grep -v '^$'
	done
	exit 1
}

# does LINE: a command line that a user types; it must succeed. What it says is shown, and kept in $said.
does() {
	printf '\n$ %s\n' "$1"
	said=$(eval "$1" 2>&1)
	code=$?
	[ -z "$said" ] || printf '%s\n' "$said"
	[ $code = 0 ] || fail "exit code $code"
}

# refused LINE WORDS: it must not succeed, and say why.
refused() {
	printf '\n$ %s\n' "$1"
	said=$(eval "$1" 2>&1)
	code=$?
	printf '%s\n' "$said"
	[ $code != 0 ] || fail "it was done, but should have been refused"
	says "$2"
}

# says WORDS...: each of them is in what the last command said.
says() {
	for words; do
		case $said in
		*"$words"*) ;;
		*) fail "\"$words\" was not said" ;;
		esac
	done
}

# until LINE WORDS: the command is repeated until it says so, for two minutes.
until_it_says() {
	printf '\n$ %s\n' "$1"
	tries=0
	while :; do
		said=$(eval "$1" 2>&1)
		case $said in *"$2"*) break ;; esac
		tries=$((tries + 1))
		[ $tries -lt 240 ] || { printf '%s\n' "$said"; fail "\"$2\" was not said within two minutes"; }
		sleep 0.5
	done
	printf '%s\n' "$said"
}

# ---- people with a screen ----------------------------------------------------

screens=

# sits NAME COMMAND: opens a terminal, with folders of one's own, in which the command runs.
sits() {
	screens="$screens $1"
	home=/tmp/$1
	mkdir -p "$home"
	printf '\n%s$ %s\n' "$1" "$2"
	tmux -u new-session -d -s "$1" -x 100 -y 30 \
		-e HOME="$home" -e XDG_DATA_HOME="$home" -e XDG_STATE_HOME="$home" -e XDG_CONFIG_HOME="$home" -e XDG_RUNTIME_DIR="$home" "$2" ||
		fail "no terminal"
}

# types NAME LINE: writes a line and presses Enter.
types() {
	printf '\n%s types  %s\n' "$1" "$2"
	tmux send-keys -t "$1" -l "$2"
	tmux send-keys -t "$1" Enter
}

# sees NAME WORDS: waits until the words are on the screen, and shows the last line that has them.
sees() {
	tries=0
	until tmux capture-pane -p -t "$1" | grep -- "$2" >/tmp/seen; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || fail "$1 does not see \"$2\" within three minutes"
		sleep 0.5
	done
	printf '%s sees   %s\n' "$1" "$(sed -n '$s/^[ │╭╰─]*//;$s/[ │╮╯─]*$//;$p' /tmp/seen)"
}

leaves() {
	tmux kill-session -t "$1"
	screens=$(echo "$screens" | sed "s/ $1//")
}
