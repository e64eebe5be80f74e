// SPDX-License-Identifier: GPL-2.0-only

// Package twin_test shows that the twin is a kchat server: real clients talk over it, and those who are slow, silent or
// alone are treated as the module treats them.
package twin_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"kchat/bench/twin/twintest"
	"kchat/e2e/peer"
	"kchat/rooms"
	"kchat/rooms/e2e/promise"
	"kchat/server/accounts"
	"kchat/wire"
)

const (
	password = twintest.Password
	patience = 2 * time.Minute
)

// bin has kchat-twin under the address and undefined behaviour sanitizers.
var bin twintest.Programs

func TestMain(m *testing.M) { os.Exit(twintest.Run(m, &bin, twintest.Twin("SANITIZE=1"))) }

// accountsFile is one as a server of kchat has it, with these people.
func accountsFile(t *testing.T, people ...string) string {
	t.Helper()
	return twintest.Accounts(t, `the "twin" <&>`, accounts.UUID{}, people...)
}

// start runs a twin until the test ends, and gives its address.
func start(t *testing.T, file string, limits ...string) string {
	t.Helper()
	return bin.Start(t, file, limits...)
}

// user is a client that keeps what it hears in a ledger.
type user struct {
	*rooms.Client
	t      *testing.T
	ledger *promise.Ledger
	events <-chan rooms.Event
	heard  sync.WaitGroup
}

func connect(t *testing.T, address, name, room string, change func(*rooms.Config)) *user {
	t.Helper()
	u := &user{t: t, ledger: promise.NewLedger()}
	cfg := rooms.Config{Address: address, User: name, Password: password, Agent: "test", Store: u.ledger, Rooms: []string{room}}
	if change != nil {
		change(&cfg)
	}
	var err error
	if u.Client, err = rooms.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	u.heard.Go(func() { _ = u.Run(ctx) }) // what went wrong is seen by what does not come
	events := make(chan rooms.Event, 1<<16)
	u.events = events
	u.heard.Go(func() {
		for e := range u.Events() {
			events <- e
		}
	})
	t.Cleanup(func() {
		u.Close()
		u.heard.Wait()
		cancel()
	})
	return u
}

// await is the next event of a type that fits; others are passed over.
func await[E rooms.Event](u *user, fits func(E) bool) E {
	u.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e := <-u.events:
			if x, ok := e.(E); ok && (fits == nil || fits(x)) {
				return x
			}
		case <-late:
			var none E
			u.t.Fatalf("%T did not come", none)
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

func (u *user) awaitState(id rooms.MessageID, s rooms.State) {
	u.t.Helper()
	await(u, func(e rooms.MessageChanged) bool { return e.Message.ID == id && e.Message.State == s })
}

func (u *user) awaitText(text string) rooms.Message {
	u.t.Helper()
	return await(u, func(e rooms.MessageChanged) bool { return e.Message.Text == text }).Message
}

// stranger is a connection that a test drives frame by frame, logged in.
func stranger(t *testing.T, address, login string) *peer.Conn {
	t.Helper()
	c, err := peer.DialNarrow(address)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
		err = c.Hello()
	}
	if err == nil {
		err = c.Login(login, password)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func join(t *testing.T, c *peer.Conn, room string) *peer.Room {
	t.Helper()
	r, err := c.Join(wire.Join{Name: room})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
