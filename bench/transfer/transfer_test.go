// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

// Package transfer measures what a file's way through the kernel costs: "make bench-transfer".
package transfer

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kchat/media"
	"kchat/rooms"
	"kchat/server/relay"
	"kchat/server/vmtest"
)

const (
	fileSize  = 100_000_000 // bytes
	rounds    = 7
	relayPort = 10999
	password  = "a password for benchmarks"
)

// machine is a server with the bare relay beside it, in the same guest. Both are reached by the same way: the program that
// listens on this host for a microVM, and QEMU's network.
type machine struct {
	*vmtest.Server
	relay netip.AddrPort // on this host
}

func start(t *testing.T) *machine {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "relay")
	if out, err := exec.Command("gcc", "-O2", "-static", "-Wall", "-Werror", "-o", binary, "relay/relay.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port, err := vmtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	s := vmtest.Start(t, vmtest.WithFile("/bin/relay", binary), vmtest.WithForward(at, relayPort))
	go func() { // it ends with the machine
		_, _ = s.Exec(context.Background(), "/bin/relay", fmt.Sprint(relayPort))
	}()
	way, err := relay.Listen(netip.AddrPortFrom(at.Addr(), 0))
	if err != nil {
		t.Fatal(err)
	}
	way.Open(at)
	t.Cleanup(way.Close)
	return &machine{s, way.Addr()}
}

// bare sends the bytes through the bare relay and returns how long that took.
func (m *machine) bare(t *testing.T, data []byte) time.Duration {
	t.Helper()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", m.relay.String())
		if err == nil {
			_, err = io.ReadFull(c, make([]byte, 1)) // the relay has taken it
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	from := dial()
	to := dial()
	defer to.Close()
	begun := time.Now()
	failed := make(chan error, 1)
	go func() {
		_, err := from.Write(data)
		from.Close()
		failed <- err
	}()
	n, err := io.Copy(io.Discard, struct{ io.Reader }{to})
	took := time.Since(begun)
	if err != nil || n != int64(len(data)) {
		t.Fatalf("%d bytes came of %d, %v", n, len(data), err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return took
}

// kernel sends a new file from one client to another one through the module: from the order to send it until it lies
// in the store of the other, its hash checked.
func kernel(t *testing.T, from, to *client) time.Duration {
	t.Helper()
	data := make([]byte, fileSize)
	_, _ = rand.Read(data) // never fails
	att := from.put(t, data)
	begun := time.Now()
	if _, err := from.SendBlob(t.Context(), room, rooms.StreamFile, att, "", nil); err != nil {
		t.Fatal(err)
	}
	ended := await(t, to, func(e rooms.TransferEnded) bool { return e.Transfer.Attached.Hash == att.Hash })
	took := time.Since(begun)
	if ended.Err != nil {
		t.Fatal(ended.Err)
	}
	for _, c := range []*client{from, to} {
		if err := c.blobs.Remove(media.Hash(att.Hash)); err != nil {
			t.Fatal(err)
		}
	}
	return took
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func rate(took time.Duration) float64 { return fileSize / took.Seconds() / 1e6 }

// TestTransfer prints how fast a file goes from one client to another through the module, beside what a relay in C
// reaches that does nothing else, in turns on the same path.
func TestTransfer(t *testing.T) {
	m := start(t)
	anna, bob := m.enter(t, "anna"), m.enter(t, "bob")
	anna.awaitOthers(t)
	data := make([]byte, fileSize)
	_, _ = rand.Read(data)
	var bare, ours []time.Duration
	var shares []float64 // of each round: what else the machine does changes from one to the next
	for range rounds {
		b, k := m.bare(t, data), kernel(t, anna, bob)
		bare, ours, shares = append(bare, b), append(ours, k), append(shares, b.Seconds()/k.Seconds())
		t.Logf("bare relay %.1f MB/s, kchat %.1f MB/s: %.0f %%", rate(b), rate(k), 100*shares[len(shares)-1])
	}
	slices.Sort(shares)
	share := shares[len(shares)/2]
	fmt.Printf("a file of 100 MB, medians of %d rounds: bare relay in C %.1f MB/s, kchat %.1f MB/s, %.0f %% of the bare relay\n",
		rounds, rate(median(bare)), rate(median(ours)), 100*share)
	if share < 0.8 {
		t.Error("less than 80 % of the bare relay")
	}
}
