// SPDX-License-Identifier: GPL-2.0-only

// Command guestnet runs inside the machine under test, where the network is: it asks the server as others on a link
// would.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// commands are the tests by name; each says on standard output what it saw.
func commands() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"udp":       udpFromEverywhere,
		"malformed": udpMalformed,
		"flood":     udpFlood,
		"ether":     etherOnACable,
		"up":        segmentUp,
		"servers":   serversInTwoNamespaces,
		"vanish":    etherGoesWithItsNamespace,
		"homes":     homesOfRooms,
		"drain":     drainUnderTalk,
		"liars":     datagramsOfLiars,
		"death":     successorDies,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute) // the host knows how long it may take
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "guestnet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: guestnet TEST")
	}
	test, ok := commands()[args[0]]
	if !ok {
		return fmt.Errorf("there is no test %q", args[0])
	}
	return test(ctx)
}
