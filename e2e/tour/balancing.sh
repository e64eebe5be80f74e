# SPDX-License-Identifier: GPL-2.0-only
# Two more servers, each in a network of its own, with the accounts of the first.
chapter "Balancing between kernels"

# rope NAME NET: a cable from here to the namespace NAME, with addresses in 10.9.NET.0/24, and a way to all others.
rope() {
	ip -n "$1" addr add "10.9.$2.2/24" dev cable
	ip -n "$1" route add default via "10.9.$2.1"
}
ip addr add 10.9.1.1/24 dev cable
rope yard 1
ip netns add tower
ip link add rope type veth peer name cable netns tower
ip link set rope up
ip -n tower link set cable up
ip -n tower link set lo up
ip addr add 10.9.2.1/24 dev rope
rope tower 2
echo 1 >/proc/sys/net/ipv4/ip_forward
tower='ip netns exec tower'

accounts="--accounts $HOME/.local/share/kchat/server-10106/accounts.json"
does "$yard kchat-tui server start --mode native --lan --port 10107 --name barn $accounts"
does "$tower kchat-tui server start --mode native --lan --port 10108 --name attic $accounts"
does 'kchat-tui server peer add barn 10.9.1.2:10107'
does 'kchat-tui server peer add attic 10.9.2.2:10108'
does "$yard kchat-tui server peer add cellar 10.9.1.1:10106 --port 10107"
does "$yard kchat-tui server peer add attic 10.9.2.2:10108 --port 10107"
does "$tower kchat-tui server peer add cellar 10.9.2.1:10106 --port 10108"
does "$tower kchat-tui server peer add barn 10.9.1.2:10107 --port 10108"
until_it_says 'kchat-tui server peer list | grep -c live' 2
does 'kchat-tui server peer list'

note "a new room is made where there is least to do: not at cellar, where the people are"
types lee '/join loft'
sees lee 'Only you are in #loft'
types tess '/join loft'
sees lee '#loft .*2 here'
does 'kchat-tui admin rooms --port 10107; kchat-tui admin rooms --port 10108'
says loft
types lee 'up here'
sees tess 'up here'

note "cellar is emptied, while they go on"
types tess '/join den'
types lee '/join den'
sees lee '#den .*2 here'
types tess 'before the move'
sees lee 'before the move'
does 'kchat-tui admin drain attic'
sees lee 'moved to the server attic'
types lee 'after the move'
sees tess 'after the move'
does 'kchat-tui admin rooms --port 10108'
says den
does 'kchat-tui admin drain --off'
does "$tower kchat-tui admin drain cellar --port 10108"
does "$yard kchat-tui admin drain cellar --port 10107"
does 'kchat-tui admin rooms'
says den loft
does "$yard kchat-tui server stop --port 10107"
does "$tower kchat-tui server stop --port 10108"
