# SPDX-License-Identifier: GPL-2.0-only
chapter "Control over generic netlink"
does 'kchat-tui admin rooms'
says den
does 'kchat-tui admin sessions --json'
says '"name":"lee"' '"lag"'
does 'kchat-tui admin stats'
does 'timeout 600 kchat-tui admin watch --json >/tmp/events 2>&1 & echo $! >/tmp/watch'
does 'echo 1 >/sys/kernel/tracing/events/kchat/enable'
until_it_says 'kchat-tui admin kick tess && cat /tmp/events' '"kick"'
does 'kill $(cat /tmp/watch)'
types tess '/join den'
sees lee '#den .*2 here'
types lee 'seen by the tracer'
sees tess 'seen by the tracer'
does 'grep -o "kchat_.*" /sys/kernel/tracing/trace | sed -n 1,20p'
says kchat_drop kchat_login kchat_join kchat_relay
