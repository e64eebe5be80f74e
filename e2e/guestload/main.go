// SPDX-License-Identifier: GPL-2.0-only

// Command guestload is many clients in one program, for tests that run inside the guest. Each client checks what it is
// sent; the first thing that is wrong ends the program with exit code 1.
//
//	guestload relay -clients 200 -messages 10000 -breaks 100   everybody gets every message once and in order
//	guestload talk -clients 200                                talk until the server is gone
//	guestload orders -seed 7 -limit 5s                         orders over netlink, most of them wrong
//	guestload deaf                                             an accounts service that does not answer
//	guestload nobody                                           orders of somebody who is not root
//	guestload lists                                            lists that change while they are read
//	guestload guess -clients 100                               what refusing a login costs the server
//	guestload speak ADDRESS HEX                                say bytes, print the answer
//	guestload owners PORT                                      how many processes have the listener of a port open
//	guestload owners -own                                      the same of a port that it opens itself
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "guestload:", err)
		os.Exit(1)
	}
}

// plan is what the command line says.
type plan struct {
	addr     string
	room     string
	prefix   string // of the login names
	password string
	clients  int
	messages int // in all
	breaks   int // connections to break
	limit    time.Duration
	seed     uint64
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: relay, talk, orders, deaf, nobody, lists, guess, speak or owners")
	}
	if args[0] == "speak" {
		if len(args) != 3 {
			return fmt.Errorf("speak needs an address and hexadecimal digits")
		}
		return speak(args[1], args[2])
	}
	if args[0] == "owners" {
		if len(args) != 2 {
			return fmt.Errorf("owners needs a port")
		}
		if args[1] == "-own" {
			return ownersOfMine()
		}
		return owners(args[1])
	}
	var p plan
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&p.addr, "addr", "127.0.0.1:10106", "of the server")
	flags.StringVar(&p.room, "room", "load", "where to talk")
	flags.StringVar(&p.prefix, "prefix", "load", "login names are this and a number")
	flags.StringVar(&p.password, "password", "", "of all accounts")
	flags.IntVar(&p.clients, "clients", 200, "")
	flags.IntVar(&p.messages, "messages", 10_000, "in all")
	flags.IntVar(&p.breaks, "breaks", 0, "connections to break on the way")
	flags.DurationVar(&p.limit, "limit", 15*time.Minute, "")
	flags.Uint64Var(&p.seed, "seed", 0, "of what is chosen at random")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.limit)
	defer cancel()
	switch args[0] {
	case "relay":
		return relay(ctx, p)
	case "talk":
		return talk(ctx, p)
	case "nobody":
		return nobody(ctx)
	case "lists":
		return lists(ctx)
	case "guess":
		return guess(p)
	case "deaf":
		return deaf(ctx)
	case "orders":
		return giveOrders(ctx, p.seed, p.addr)
	}
	return fmt.Errorf("unknown: %s", args[0])
}
