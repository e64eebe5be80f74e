// SPDX-License-Identifier: GPL-2.0-only

// Command guestfault runs inside the machine under test: people in another network namespace talk to the server over a
// cable, while something goes wrong. When it is over and all are back, everybody must have heard everything.
//
//	guestfault loss      packets are lost, delayed, reordered, doubled and damaged
//	guestfault resets    connections end by RST, and strangers come and do the same
//	guestfault vanish    connections end without a packet, so that the server has only their half
//	guestfault links     both ends of the cable go down and up
//	guestfault clock     the machine's clock jumps
//	guestfault memory    another program takes all memory there is, until the kernel takes it back
//	guestfault reload    the module is unloaded and loaded again
//	guestfault starve    the same, for a process that this program starts
//
// Exit code 1: the promise was broken, or could not be checked; standard output names each case. It ends with a line of the
// word "result" and a promise.Tally in JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"time"
)

// plan is what the command line says.
type plan struct {
	people   int
	span     time.Duration // how long it goes wrong
	rounds   int           // how often, for what is counted
	pace     time.Duration // between two words of one person
	patience time.Duration // for what must come
	seed     uint64        // of all that is left to chance here
	plant    string        // a breach that the check must find
	prefix   string        // of the login names
}

// fault does something wrong while people talk; when it returns, all is well again.
type fault func(context.Context, *town) error

func faults() map[string]fault {
	return map[string]fault{
		"loss": losses, "resets": resets, "vanish": vanish, "links": links, "clock": jumps, "memory": hunger, "reload": reloads,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Println("guestfault:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what is to go wrong: %v", slices.Sorted(maps.Keys(faults())))
	}
	if args[0] == "starve" {
		return starve()
	}
	wrong, known := faults()[args[0]]
	if !known {
		return fmt.Errorf("nobody knows how %q goes wrong", args[0])
	}
	var p plan
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.IntVar(&p.people, "people", 6, "who talk")
	flags.DurationVar(&p.span, "span", 5*time.Second, "how long it goes wrong")
	flags.IntVar(&p.rounds, "rounds", 10, "how often, for what is counted")
	flags.DurationVar(&p.pace, "pace", 20*time.Millisecond, "between two words of one person")
	flags.DurationVar(&p.patience, "patience", time.Minute, "for all to be back and to have heard everything")
	flags.Uint64Var(&p.seed, "seed", rand.Uint64(), "of all that is left to chance: what goes wrong, with whom, and when")
	flags.StringVar(&p.plant, "plant", "", "what is taken from, or put into, what was heard: missing or doubled")
	flags.StringVar(&p.prefix, "prefix", "fault", "login names are this and a number; each is the password, too")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	t, err := newTown(p)
	if err != nil {
		return err
	}
	return errors.Join(t.live(ctx, wrong), t.close())
}
