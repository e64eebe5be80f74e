// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/tui/screentest"
)

// What is aimed at.
const (
	wantPaint  = 60 * time.Millisecond
	wantFrames = 60 // a second
	wantKey    = 33 * time.Millisecond
	wantMemory = 80 // MiB
)

// TestKeysWhileOthersTalk types while 5,000 messages a second come into the room that is looked at.
func TestKeysWhileOthersTalk(t *testing.T) {
	const perSecond, keys = 5000, 200
	address := twin(t)
	dir := home(t, address)
	million(t, dir)
	p := chat(t, dir)
	ben := newAuthor(t, address)
	p.Shows("2 here")
	quiet := typing(t, p, keys/4)

	ctx, cancel := context.WithCancel(t.Context())
	var talking sync.WaitGroup
	talking.Go(func() { ben.talk(ctx, perSecond) })
	p.Shows("sixty-four bytes")
	began, before, said := time.Now(), worked(t, p.Pid()), ben.said.Load()
	loud := typing(t, p, keys)
	span, work, lines := time.Since(began), worked(t, p.Pid())-before, ben.said.Load()-said
	floor := typedInto(t, echoing(t), keys/2)
	cancel()
	talking.Wait()
	told(t, "a key on the screen, nobody talks", "%s", spread(quiet))
	told(t, "a key on the screen, 5,000 messages/s come", "%s (aim: %v at p99; %.0f messages/s were said, the client took %.0f %% of a core)",
		spread(loud), wantKey, float64(lines)/span.Seconds(), 100*work.Seconds()/span.Seconds())
	told(t, "the same key in cat, meanwhile", "%s", spread(floor))
	told(t, "memory then", "%.0f MiB", resident(t, p.Pid()))
}

// echoing is a program that does nothing but write what is typed: what the machine and the terminal take.
func echoing(t *testing.T) *screentest.Program {
	t.Helper()
	echo := screentest.Start(t, "cat", exec.Command("sh", "-c", "stty raw -echo; echo ready; exec cat"), 120, 40, nil)
	echo.Shows("ready")
	return echo
}

// typedInto presses keys a little apart in such a program, and returns how long each took to the screen.
func typedInto(t *testing.T, echo *screentest.Program, keys int) (took []time.Duration) {
	t.Helper()
	for range keys {
		at := echo.Cursor()
		began := time.Now()
		echo.Key("x")
		if !echo.Await(screentest.Patience, func() bool { return echo.Cursor() != at }) {
			t.Fatal("cat does not echo")
		}
		took = append(took, time.Since(began))
		time.Sleep(apart - min(apart, time.Since(began)))
	}
	return took
}

// apart is how far keys are apart: no multiple of a frame.
const apart = 47 * time.Millisecond

// typing presses keys a little apart, and returns how long each took to the screen.
func typing(t *testing.T, p *screentest.Program, keys int) (took []time.Duration) {
	t.Helper()
	_, row, found := p.Find("› ")
	if !found {
		t.Fatalf("there is no composer; the screen is\n%s", p.Screen())
	}
	for i := range keys {
		key, typed := "x", true
		if i%2 == 1 {
			key, typed = "backspace", false
		}
		began := time.Now()
		p.Key(key)
		if !p.Await(screentest.Patience, func() bool { return strings.Contains(p.Row(row), "› x") == typed }) {
			t.Fatalf("the key never came; the screen is\n%s", p.Screen())
		}
		took = append(took, time.Since(began))
		time.Sleep(apart - min(apart, time.Since(began)))
	}
	return took
}

// TestMemory opens fifty rooms with a million messages on disk.
func TestMemory(t *testing.T) {
	address := twin(t)
	dir := home(t, address)
	million(t, dir)
	p := chat(t, dir)
	p.Shows("only you")
	for range inRooms { // each is looked at once
		was := p.Row(0)
		p.Key("alt+down")
		p.Until("another room", func(string) bool { return p.Row(0) != was })
	}
	told(t, "memory with 50 rooms and 1,000,000 messages on disk, each room looked at", "%.0f MiB (aim: %d)", resident(t, p.Pid()), wantMemory)
}

// spread is the middle, the 99th percentile and the largest of durations.
func spread(all []time.Duration) string {
	slices.Sort(all)
	at := func(share float64) time.Duration {
		return all[min(len(all)-1, int(share*float64(len(all))))].Round(100 * time.Microsecond)
	}
	return "p50 " + at(0.5).String() + ", p99 " + at(0.99).String() + ", most " + at(1).String()
}
