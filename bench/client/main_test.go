// SPDX-License-Identifier: GPL-2.0-only

// Package client_test measures the client's path from the socket to what a person or a program reads: `make bench-client`.
// The server is the twin (bench/twin), the client the real one, and each message that arrives is checked.
package client_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/accounts"
	"kchat/wire"
)

const (
	password = "correct horse battery"
	patience = 60 * time.Second
	room     = "den"
)

// bin has kchat-twin and kchat-tui, built once for all.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kchat-bench-client")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	for _, build := range [][]string{
		{"make", "-s", "-j2", "-C", "../twin", "OUT=" + dir},
		{"go", "build", "-trimpath", "-o", filepath.Join(dir, "kchat-tui"), "kchat/cmd/kchat-tui"},
	} {
		cmd := exec.Command(build[0], build[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as "make build" does
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", strings.Join(build, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

// twin runs a server with the accounts anna and ben until the test ends, and gives its address.
func twin(t testing.TB) string {
	t.Helper()
	store, err := accounts.Open(filepath.Join(t.TempDir(), "accounts.json"), "twin")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := accounts.NewVerifier(password, accounts.MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Update(func(d *accounts.Data) error {
		d.Iterations = accounts.MinIterations
		_, anna := d.Add("Anna", verifier, time.Now())
		_, ben := d.Add("Ben", verifier, time.Now())
		return errors.Join(anna, ben)
	}); err != nil {
		t.Fatal(err)
	}
	// A log that holds what is under way: nobody here is to get a gap.
	cmd := exec.Command(filepath.Join(bin, "kchat-twin"), "--accounts", store.Path(), "--port", "0", "log_bytes=67108864")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it says that it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
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
