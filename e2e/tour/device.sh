# SPDX-License-Identifier: GPL-2.0-only
chapter "The system-call road: /dev/kchat"
note "root is kim, by her uid; alone, nothing can be said"
refused "/bin/echo 'is anybody there?' >/dev/kchat" 'Host is down'
login lee
types lee '/join local'
sees lee 'Only you are in #local'
does 'cat /dev/kchat >/tmp/heard 2>&1 & echo $! >/tmp/cat'
sees lee '#local .*2 here'
types lee 'hello, machine'
until_it_says 'cat /tmp/heard' 'lee: hello, machine'
does "/bin/echo 'the build is done' >/dev/kchat"
sees lee 'the build is done'
does 'kill $(cat /tmp/cat)'
note "the whole screen, without a password"
sits kim 'kchat-tui login --local'
sees kim '#lobby'
types kim '/join local'
sees kim '#local .*2 here'
types kim 'root is here'
sees lee 'root is here'
