// SPDX-License-Identifier: GPL-2.0-only

// Command guestcrowd is a great many people in one program, for tests of load that run inside the guest. What is wrong
// ends it with exit code 1; what it measured is printed, in the guest's time.
//
//	guestcrowd everybody -people 10000 -rooms 1000    all logged in at once, and a word in each room
//	guestcrowd deaf -people 1000                      what one who never reads costs those who do
//	guestcrowd streams -people 65                     a stream of each of them at once, to one who takes all
//	guestcrowd strangers -people 2000                 connections that never log in, and what logging in takes beside them
//	guestcrowd logins -people 20                      what talk takes beside logins that fail without end
//	guestcrowd questions -people 20                   what talk takes beside questions of discovery without end
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "guestcrowd:", err)
		os.Exit(1)
	}
}

// plan is what the command line says.
type plan struct {
	addr     string
	prefix   string // of the login names
	password string // of all accounts
	people   int
	rooms    int
	messages int
	bytes    int
}

func run(args []string) error {
	kinds := map[string]func(context.Context, plan) error{
		"everybody": everybody, "deaf": deaf, "streams": streams, "strangers": strangers,
		"logins": logins, "questions": questions,
	}
	if len(args) == 0 || kinds[args[0]] == nil {
		return fmt.Errorf("say what to do: %v", slices.Sorted(maps.Keys(kinds)))
	}
	var p plan
	var limit time.Duration
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&p.addr, "addr", "127.0.0.1:10106", "of the server")
	flags.StringVar(&p.prefix, "prefix", "load", "login names are this and a number")
	flags.StringVar(&p.password, "password", "load", "of all accounts, which have one salt too")
	flags.IntVar(&p.people, "people", 1000, "")
	flags.IntVar(&p.rooms, "rooms", 1, "")
	flags.IntVar(&p.messages, "messages", 100, "")
	flags.IntVar(&p.bytes, "bytes", 1<<20, "of a stream")
	flags.DurationVar(&limit, "limit", 10*time.Minute, "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return kinds[args[0]](ctx, p)
}
