# SPDX-License-Identifier: GPL-2.0-only
# A host on a cable, which has no address of ours and is told none.
chapter "UDP 2325: who is here?"
does 'kchat-tui discover --wait 1s'
says 127.0.0.1:10106 cellar
does 'kchat-tui discover --json --wait 1s 127.0.0.1'
says '"over":"udp"' '"rtt_us"'

chapter "Raw Ethernet: a cable without any configuration"
mkdir -p /run
ip netns add yard || fail "no network namespace"
does 'ip link add cable type veth peer name cable netns yard'
does 'ip link set cable up; ip -n yard link set cable up; ip -n yard link set lo up'
yard='ip netns exec yard'
does 'kchat-tui server ether on cable'
until_it_says "$yard kchat-tui discover --ether cable --wait 1s" '%cable]:10106'
address=$(echo "$said" | grep -o '\[fe80[^ ]*' | sed -n 1p)
sits tess "$yard kchat-tui login --user tess --password-file /tmp/words-tess --server '$address'"
sees tess 'Only you are in #lobby'
does 'kchat-tui admin sessions'
says 'fe80::' tess
does 'kchat-tui server ether off cable'
leaves tess
