// SPDX-License-Identifier: GPL-2.0-only

// Command guestfuzz runs inside the machine under test and fuzzes one door of the module: TCP, discovery over UDP or over
// Ethernet, the device, or generic netlink. Where the kernel has KCOV, it is led by the coverage of the module.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/fuzz/guided"
	"kchat/e2e/netns"
)

// doors are the targets by name.
var doors = map[string]func(*place) (guided.Target, error){
	"tcp":     newTCP,
	"udp":     newUDP,
	"ether":   newEther,
	"device":  newDevice,
	"netlink": newNetlink,
}

// settings are what the host asks for.
type settings struct {
	seed    uint64
	limit   time.Duration
	given   string
	distil  bool
	logging bool
	hungry  bool
}

func main() {
	var s settings
	flag.Uint64Var(&s.seed, "seed", 1, "what chance begins with")
	flag.DurationVar(&s.limit, "for", 10*time.Second, "how long")
	flag.StringVar(&s.given, "given", "", "a file of inputs to begin with")
	flag.BoolVar(&s.distil, "distil", false, "print the inputs that reach all that was reached")
	flag.BoolVar(&s.hungry, "starve", false, "instead of a search, run what is given with each allocation failing once")
	flag.BoolVar(&s.logging, "log", false, "write each input into the kernel's log before it is run")
	flag.Parse()
	if err := run(flag.Args(), s); err != nil {
		fmt.Fprintln(os.Stderr, "guestfuzz:", err)
		os.Exit(1)
	}
}

func run(args []string, s settings) error {
	names := make([]string, 0, len(doors))
	for name := range doors {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(args) != 1 || doors[args[0]] == nil {
		return fmt.Errorf("usage: guestfuzz [FLAGS] %s", strings.Join(names, "|"))
	}
	text, err := os.ReadFile(s.given)
	if err != nil {
		return err
	}
	given, err := guided.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", s.given, err)
	}
	return netns.New(func() error {
		p, err := newPlace()
		if err != nil {
			return err
		}
		defer p.close()
		return search(p, doors[args[0]], given, s)
	})
}

// search fuzzes a door of a server. What was found is an error; a report of the kernel is for the host to see.
func search(p *place, door func(*place) (guided.Target, error), given []guided.Input, s settings) error {
	target, err := door(p)
	if err != nil {
		return err
	}
	if maker, ok := target.(interface {
		Seeds() ([]guided.Input, error)
	}); ok {
		more, err := maker.Seeds()
		if err != nil {
			return err
		}
		given = append(given, more...)
	}
	if s.hungry {
		failed, err := starve(target, given)
		if err != nil {
			return err
		}
		fmt.Printf("%d inputs, %d allocations failed\n", len(given), failed)
		return settle(p, target)
	}
	search := &guided.Search{Target: target, Random: rand.New(rand.NewPCG(s.seed, 0))}
	if s.logging {
		search.Before = logInput
	}
	cover, err := newKcov()
	switch {
	case err == nil:
		defer cover.close()
		search.Coverage = cover
	case !errors.Is(err, os.ErrNotExist):
		return err
	case s.distil:
		return errors.New("this kernel has no KCOV: nothing says which inputs to keep")
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	if err := search.Run(ctx, given); err != nil {
		return err
	}
	if err := settle(p, target); err != nil {
		return err
	}
	fmt.Printf("%d runs, %d places\n", search.Runs, search.Places())
	if !s.distil {
		return nil
	}
	few, err := search.Distil()
	if err != nil {
		return err
	}
	fmt.Printf("# %d inputs\n%s", len(few), guided.Format(few))
	return nil
}

// settle takes back what the inputs have changed, and sees that the server serves.
func settle(p *place, target guided.Target) error {
	if changed, ok := target.(interface{ Settle() error }); ok {
		if err := changed.Settle(); err != nil {
			return err
		}
	}
	if err := p.alive(); err != nil {
		return fmt.Errorf("the server does not serve any more: %w", err)
	}
	return nil
}

// logInput says in the kernel's log what comes, so that it stands above what the kernel reports about it.
func logInput(in guided.Input) {
	fd, err := unix.Open("/dev/kmsg", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for row := range strings.Lines(in.String()) {
		for part := range slices.Chunk([]byte(strings.TrimSpace(row)), 800) { // a record has 1024 bytes
			_, _ = unix.Write(fd, append([]byte("<7>guestfuzz: "), part...))
		}
	}
}
