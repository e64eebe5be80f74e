// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"strconv"

	"kchat/bench/job"
)

// programs are the servers that are processes, each with its limits lifted, without encryption and without a log.
func programs() []program {
	port := strconv.Itoa(job.Port)
	return []program{
		{name: job.Floor, path: "/bin/kchat-floor", args: []string{"--port", port}},
		{name: job.Twin, path: "/bin/kchat-twin", args: []string{
			"--port", port, "--accounts", accountsPath,
			"connections=100000", "unauthenticated=100000", "per_address=100000", "rooms=100000", "rooms_per_person=100000",
		}},
		{
			name: job.InspIRCd, path: "/usr/sbin/inspircd", version: []string{"--version"},
			args:   []string{"--nofork", "--nolog", "--runasroot", "--config", configPath},
			config: inspircd(port),
		},
		{
			name: job.NgIRCd, path: "/usr/sbin/ngircd", version: []string{"--version"},
			args:   []string{"--nodaemon", "--config", configPath},
			config: ngircd(port),
		},
		{
			name: job.Redis, path: "/usr/bin/redis-server", version: []string{"--version"},
			args: []string{
				"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxclients", "20000",
				"--client-output-buffer-limit", "pubsub 0 0 0", "--loglevel", "warning", "--dir", "/tmp",
			},
		},
		{
			name: job.NATS, path: "/usr/bin/nats-server", version: []string{"--version"},
			args:   []string{"--config", configPath},
			config: nats(port),
		},
		{
			name: job.Mosquitto, path: "/usr/sbin/mosquitto", version: []string{"-h"},
			args:   []string{"-c", configPath},
			config: mosquitto(port),
		},
	}
}

// inspircd: https://docs.inspircd.org/3/configuration/
func inspircd(port string) string {
	return fmt.Sprintf(`<server name="bench.local" description="bench" network="bench" id="1BE">
<admin name="bench" nick="bench" email="bench@bench.local">
<path configdir="/tmp" datadir="/tmp" logdir="/tmp" moduledir="/usr/lib/inspircd/modules" runtimedir="/tmp">
<bind address="127.0.0.1" port="%s" type="clients">
<power diepass="bench" restartpass="bench" hash="plaintext">
<connect name="bench" allow="*" maxchans="2000" localmax="20000" globalmax="20000" limit="20000" maxconnwarn="no"
 timeout="600" pingfreq="600" hardsendq="1073741824" softsendq="1073741824" recvq="1048576" fakelag="no" threshold="1000000"
 commandrate="1000000" resolvehostnames="no" useident="no" modes="">
<performance netbuffersize="65534" somaxconn="4096" softlimit="20000" clonesonconnect="no" quietbursts="yes">
<dns server="127.0.0.1" timeout="1">
<limits maxchan="64" maxtopic="300" maxkick="255" maxaway="200" maxline="512">
`, port)
}

// ngircd: ngircd.conf(5). Penalties make a client wait that says much.
func ngircd(port string) string {
	return fmt.Sprintf(`[Global]
Name = bench.local
Info = bench
Listen = 127.0.0.1
Ports = %s
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
PongTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
`, port)
}

// nats: https://docs.nats.io/running-a-nats-service/configuration
func nats(port string) string {
	return fmt.Sprintf(`listen: "127.0.0.1:%s"
log_file: "/dev/null"
max_connections: 20000
max_pending: 1GB
write_deadline: "60s"
ping_interval: "10m"
`, port)
}

// mosquitto: mosquitto.conf(5). Without Nagle's delay, as the others.
func mosquitto(port string) string {
	return fmt.Sprintf(`listener %s 127.0.0.1
allow_anonymous true
persistence false
log_type none
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
set_tcp_nodelay true
user root
`, port)
}
