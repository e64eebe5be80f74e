# SPDX-License-Identifier: GPL-2.0-only
# The server in this kernel, and who may come in.
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
for driver in veth bridge; do
	[ ! -e /opt/$driver.ko ] || insmod /opt/$driver.ko
done

chapter "The module in the running kernel"
does 'kchat-tui server start --mode native --module /opt/kchat.ko --lan --name cellar'
does 'grep kchat /proc/modules'
for name in kim lee tess; do
	echo "the words of $name" >/tmp/words-$name
done
does 'kchat-tui user add kim --admin --uid 0 --password-file /tmp/words-kim'
does 'kchat-tui user add lee --password-file /tmp/words-lee'
does 'kchat-tui user add tess --password-file /tmp/words-tess'

# login NAME [ADDRESS]: somebody at a screen of their own.
login() {
	sits "$1" "kchat-tui login --user $1 --password-file /tmp/words-$1 --server ${2:-127.0.0.1}"
	sees "$1" '#lobby'
}
