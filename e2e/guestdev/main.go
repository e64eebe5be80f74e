// SPDX-License-Identifier: GPL-2.0-only

// Command guestdev runs inside the machine under test, as local programs do: it uses /dev/kchat as several users, at
// servers of its own in network namespaces of their own, beside people who came over TCP.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"kchat/e2e/netns"
	"kchat/server/device"
)

// limit is how long anything may take that is certain to come.
const limit = 30 * time.Second

// tests are what is tried, by name.
var tests = map[string]func(*place) error{
	"talk":     talk,
	"lines":    lines,
	"wrong":    wrong,
	"alone":    alone,
	"deaf":     deaf,
	"strange":  strange,
	"rooms":    rooms,
	"lag":      lag,
	"poll":     poll,
	"small":    small,
	"thousand": thousand,
	"limits":   limits,
	"kicked":   kicked,
	"stopped":  stopped,
	"dying":    dying,
	"two":      two,
	"busy":     busy,
	"login":    login,
	"unload":   unload,
	"ruled":    ruled,
	"removed":  removed,
	"closed":   closed,
	"unread":   unread,
	"crowd":    crowd,
	"killed":   killed,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "guestdev:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == scribbler {
		return scribble()
	}
	if len(args) != 1 {
		return errors.New("usage: guestdev TEST")
	}
	test, ok := tests[args[0]]
	if !ok {
		return fmt.Errorf("there is no test %q", args[0])
	}
	// Its users are let in by the mode of the file, and kept out without it.
	if err := os.Chmod(device.Path, 0o666); err != nil {
		return err
	}
	return elsewhere(test)
}

// elsewhere runs a test at a place of its own; the network namespace goes when the test is over.
func elsewhere(test func(*place) error) error {
	return netns.New(func() error {
		p, err := newPlace()
		if err != nil {
			return err
		}
		defer p.close()
		return test(p)
	})
}

// must ends a test that went wrong.
func must(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// errno checks that something failed as documented.
func errno(what string, got, want error) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("%s: %v, want %v", what, got, want)
}

func equal(what, got, want string) error {
	if got == want {
		return nil
	}
	if len(got) > 200 {
		got = got[:200] + "…"
	}
	return fmt.Errorf("%s: %q, want %q", what, got, want)
}

// all does one after the other until one fails.
func all(steps ...func() error) error {
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func longText(n int) string { return strings.Repeat("x", n) }
