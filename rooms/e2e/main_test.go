// SPDX-License-Identifier: GPL-2.0-only

// Package e2e tests the client against the module: a real kernel, over real TCP.
package e2e

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/server/vmtest"
)

var shared vmtest.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

const password = "correct horse battery"

// user is a running client with its history. All its events are read at once and can be awaited in any order.
type user struct {
	*rooms.Client
	t     testing.TB
	name  string
	store *history.Store
	run   chan error

	mu     sync.Mutex
	events []rooms.Event
	next   int
	more   chan struct{}
}

// connect starts a client of an account that exists.
func connect(t testing.TB, address, name string, change func(*rooms.Config)) *user {
	t.Helper()
	store, err := history.Open(t.Context(), t.TempDir()+"/history.db", history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return connectWith(t, address, name, store, change)
}

func connectWith(t testing.TB, address, name string, store *history.Store, change func(*rooms.Config)) *user {
	t.Helper()
	cfg := rooms.Config{Address: address, User: name, Password: password, Agent: "e2e", Store: store, Pins: store}
	if change != nil {
		change(&cfg)
	}
	c, err := rooms.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	u := &user{Client: c, t: t, name: name, store: store, run: make(chan error, 1), more: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { u.run <- c.Run(ctx) })
	done.Go(func() {
		for e := range c.Events() {
			u.mu.Lock()
			u.events = append(u.events, e)
			u.mu.Unlock()
			select {
			case u.more <- struct{}{}:
			default:
			}
		}
	})
	t.Cleanup(func() {
		u.Close()
		done.Wait()
		cancel()
	})
	return u
}

// patience is how long an event may take; the machine may be slow, and a kernel that checks what it does is slower.
const patience = 3 * time.Minute

// slow makes a time longer on a kernel that checks what it does.
func slow(d time.Duration) time.Duration { return d * time.Duration(max(1, vmtest.Slowness())) }

// await goes through the events from where the last await stopped, to the next one of a type that fits.
func await[E rooms.Event](u *user, fits func(E) bool) E {
	u.t.Helper()
	late := time.After(slow(patience))
	for {
		u.mu.Lock()
		for u.next < len(u.events) {
			e := u.events[u.next]
			u.next++
			if x, ok := e.(E); ok && (fits == nil || fits(x)) {
				u.mu.Unlock()
				return x
			}
		}
		u.mu.Unlock()
		select {
		case <-u.more:
		case <-late:
			var none E
			u.t.Fatalf("%s: %T did not come; events so far: %+v", u.name, none, u.events)
		}
	}
}

func (u *user) join(room string, opt rooms.JoinOptions) rooms.RoomInfo {
	u.t.Helper()
	ctx, cancel := vmtest.Timeout(patience)
	defer cancel()
	info, err := u.Join(ctx, room, opt)
	if err != nil {
		u.t.Fatal(err)
	}
	await(u, func(e rooms.Live) bool { return e.Room == room })
	return info
}

// meet lets people join a room one after the other, and each know of all the others: whoever speaks before their client has
// seen anybody is told that they are alone.
func meet(room string, people ...*user) {
	for k, u := range people {
		u.t.Helper()
		u.join(room, rooms.JoinOptions{})
		for _, earlier := range people[:k] {
			await(earlier, func(e rooms.PersonChanged) bool {
				return e.Room == room && e.Person.Name == u.name && e.Person.State.Here()
			})
		}
	}
}

func (u *user) say(room, text string) rooms.MessageID {
	u.t.Helper()
	m, err := u.Send(rooms.Draft{Room: room, Text: text})
	if err != nil {
		u.t.Fatal(err)
	}
	return m.ID
}

func (u *user) awaitState(id rooms.MessageID, s rooms.State) rooms.Message {
	u.t.Helper()
	return await(u, func(e rooms.MessageChanged) bool { return e.Message.ID == id && e.Message.State == s }).Message
}

func (u *user) awaitText(text string) rooms.Message {
	u.t.Helper()
	return await(u, func(e rooms.MessageChanged) bool { return e.Message.Text == text }).Message
}
