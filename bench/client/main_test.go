// SPDX-License-Identifier: GPL-2.0-only

// Package client_test measures the client's path from the socket to what a person or a program reads: `make bench-client`.
// The server is the twin (bench/twin), the client the real one, and each message that arrives is checked.
package client_test

import (
	"encoding/binary"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kchat/bench/twin/twintest"
	"kchat/e2e/peer"
	"kchat/server/accounts"
	"kchat/wire"
)

const (
	password = twintest.Password
	patience = 60 * time.Second
	room     = "den"
)

// bin has kchat-twin and kchat-tui.
var bin twintest.Programs

func TestMain(m *testing.M) { os.Exit(twintest.Run(m, &bin, twintest.Twin(), twintest.Client())) }

// twin runs a server with the accounts anna and ben until the test ends, and gives its address. Its log holds what is under
// way: nobody here is to get a gap.
func twin(t testing.TB) string {
	t.Helper()
	return bin.Start(t, twintest.Accounts(t, "twin", accounts.UUID{}, "Anna", "Ben"), "log_bytes=67108864")
}

// window is how many messages may be on their way from the author to what reads them.
const window = 8192

// author is somebody who says the same thing very often.
type author struct {
	*peer.Conn
	room    uint32
	drained sync.WaitGroup
	arrived atomic.Int64 // messages that were read at the other end
	moved   chan struct{}
}

func newAuthor(t testing.TB, address string) *author {
	t.Helper()
	c, err := peer.Dial(address)
	if err == nil {
		err = c.Hello()
	}
	if err == nil {
		err = c.Login("anna", password)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Join(wire.Join{Name: room})
	if err != nil {
		t.Fatal(err)
	}
	a := &author{Conn: c, room: r.Number, moved: make(chan struct{}, 1)}
	c.KeepAlive(time.Second)
	return a
}

// listen reads away what comes back, from when somebody else is there.
func (a *author) listen(t testing.TB, other string) {
	t.Helper()
	if _, err := a.Find(patience, func(f peer.Frame) bool {
		p, err := wire.ParsePerson(f.Body)
		return f.Type == wire.TypePresence && err == nil && p.Name == other && p.State == wire.PersonPresent
	}); err != nil {
		t.Fatal(err)
	}
	a.drained.Go(func() {
		_ = a.Stream(func(f peer.Frame) error {
			if f.Type == wire.TypeError {
				t.Errorf("the server refused something: %x", f.Body)
			}
			return nil
		})
	})
	t.Cleanup(func() {
		_ = a.Close()
		a.drained.Wait()
	})
}

// arrive notes that so many messages were read in all.
func (a *author) arrive(n int64) {
	a.arrived.Store(n)
	select {
	case a.moved <- struct{}{}:
	default:
	}
}

// awaitArrival waits until at least n messages were read.
func (a *author) awaitArrival(t testing.TB, n int64) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for a.arrived.Load() < n {
		select {
		case <-a.moved:
		case <-late.C:
			t.Fatalf("%d messages arrived, not %d", a.arrived.Load(), n)
		}
	}
}

// flood says text n times, as fast as the window lets it, and waits until all has arrived.
func (a *author) flood(t testing.TB, text string, n int) {
	t.Helper()
	const batch = 256
	one := wire.AppendFrame(nil, wire.Header{Type: wire.TypeMsg, Room: a.room, ID: peer.NewID()}, wire.Talk{Text: []byte(text)})
	var frames []byte
	for range batch {
		frames = append(frames, one...)
	}
	const id = 48 // where it stands in the header
	first := a.arrived.Load()
	for said := 0; said < n; {
		now := min(batch, n-said)
		for i := range now {
			binary.BigEndian.PutUint64(frames[i*len(one)+id+8:], 1<<63|uint64(first)+uint64(said+i))
		}
		a.awaitArrival(t, first+int64(said+now-window))
		if err := a.Bytes(frames[:now*len(one)]); err != nil {
			t.Fatal(err)
		}
		said += now
	}
	a.awaitArrival(t, first+int64(n))
}
