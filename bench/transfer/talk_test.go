// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/rooms"
	"kchat/wire"
)

const (
	words     = 200
	wordEvery = 20 * time.Millisecond
	films     = 3
	filmRate  = 500_000 // bytes a second: 4 Mbit/s, as a film of 1080 lines has
	filmKey   = time.Second
)

// A turn of a connection in the module: what it may take in, and what it may send, before the others of its worker have
// theirs (kmod/worker.h, KCHAT_SCRATCH, and a chunk that had begun; kmod/send.c, KCHAT_SEND_BUDGET).
const (
	turnIn  = 64<<10 + wire.ChunkMax
	turnOut = 256 << 10
)

// slowFile is how fast a file goes at least on a machine that has much else to do, without hardware virtualisation: TestTransfer
// prints it. Bytes a second.
const slowFile = 12_000_000

// film is one that never ends.
type film struct {
	ctx  context.Context
	stop context.CancelFunc
	next time.Time
	key  time.Time
	data [wire.ChunkMax]byte
}

// Next implements rooms.Pieces.
func (f *film) Next() (rooms.Piece, error) {
	select {
	case <-f.ctx.Done():
		return rooms.Piece{}, f.ctx.Err()
	case <-time.After(time.Until(f.next)):
	}
	f.next = f.next.Add(wire.ChunkMax * time.Second / filmRate)
	key := !time.Now().Before(f.key)
	if key {
		f.key = time.Now().Add(filmKey)
	}
	return rooms.Piece{Data: f.data[:], Key: key}, nil
}

// Stop implements rooms.LivePieces.
func (f *film) Stop() { f.stop() }

// show lets somebody stream a film until it is ended.
func (c *client) show(ctx context.Context, t *testing.T) {
	att := rooms.Attachment{MIME: "video/x-matroska", Name: "film.mkv"}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_, err := c.SendLive(ctx, room, att, &film{ctx: ctx, stop: stop, next: time.Now()})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// talk lets one person say words and another one hear them, and returns how long each took.
func talk(t *testing.T, from, to *client) []time.Duration {
	t.Helper()
	var took []time.Duration
	for i := range words {
		begun := time.Now()
		m, err := from.Send(rooms.Draft{Room: room, Text: fmt.Sprint("word ", i)})
		if err != nil {
			t.Fatal(err)
		}
		await(t, to, func(e rooms.MessageChanged) bool { return e.Message.ID == m.ID })
		took = append(took, time.Since(begun))
		time.Sleep(wordEvery)
	}
	return took
}

// wired is somebody who speaks the protocol and keeps nothing.
type wired struct {
	*peer.Conn
	room uint32
}

func (m *machine) wired(t *testing.T, name string) wired {
	t.Helper()
	m.AddUser(t, name, password)
	c, err := peer.Dial(m.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := errors.Join(c.Hello(), c.Login(name, password)); err != nil {
		t.Fatal(err)
	}
	r, err := c.Join(wire.Join{Name: room})
	if err != nil {
		t.Fatal(err)
	}
	c.KeepAlive(time.Second)
	return wired{c, r.Number}
}

// talkOnTheWire is talk without clients: what the server and the way to it take, and no disk.
func talkOnTheWire(t *testing.T, from, to wired) []time.Duration {
	t.Helper()
	all := func(peer.Frame) bool { return true }
	var took []time.Duration
	for i := range words {
		id := peer.NewID()
		begun := time.Now()
		if err := from.Say(from.room, id, fmt.Sprint("word ", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeMsg && f.ID == id }); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(begun))
		to.Drop(all)
		if _, err := from.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeMsg && f.ID == id }); err != nil {
			t.Fatal(err)
		}
		from.Drop(all)
		time.Sleep(wordEvery)
	}
	return took
}

// TestTalkBesideFilms prints how long a word takes from one client to another, who also takes the films, without films
// in the room and with three, in turns.
func TestTalkBesideFilms(t *testing.T) {
	m := start(t)
	anna, bob := m.enter(t, "anna"), m.enter(t, "bob")
	anna.awaitOthers(t)
	var shows []*client
	for i := range films {
		c := m.enter(t, fmt.Sprint("film", i))
		go func() {
			for range c.Events() { // of interest to nobody
			}
		}()
		shows = append(shows, c)
	}
	go func() {
		for range anna.Events() {
		}
	}()
	carl, dora := m.wired(t, "carl"), m.wired(t, "dora")
	var idle, busy, wireIdle, wireBusy []time.Duration
	for range 3 {
		idle = append(idle, talk(t, anna, bob)...)
		wireIdle = append(wireIdle, talkOnTheWire(t, carl, dora)...)
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		for _, c := range shows {
			ended.Go(func() { c.show(ctx, t) })
		}
		for taken := map[rooms.MessageID]bool{}; len(taken) < films; {
			e := await(t, bob, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 })
			taken[e.Transfer.Stream] = true
		}
		busy = append(busy, talk(t, anna, bob)...)
		wireBusy = append(wireBusy, talkOnTheWire(t, carl, dora)...)
		cancel()
		ended.Wait()
	}
	ratio := report("a word from client to client, kept on both disks", idle, busy)
	report("a word on the wire", wireIdle, wireBusy)
	// On its way in and again on its way out a word waits for at most one turn of each other connection.
	most := 2 * (films*turnIn + turnOut)
	behind := time.Duration(most) * time.Second / slowFile
	bound := median(wireIdle) + behind
	within := func(of []time.Duration) float64 {
		n, _ := slices.BinarySearch(of, bound)
		return 100 * float64(n) / float64(len(of))
	}
	fmt.Printf("in the server at most %d KiB of films go before a word, which is %v at %d MB/s: within %v are %.1f %% of the words on the wire beside films, and %.1f %% without\n",
		most>>10, behind.Round(time.Millisecond), slowFile/1_000_000, bound.Round(time.Millisecond), within(wireBusy), within(wireIdle))
	if ratio > 1.5 {
		t.Error("more than 1.5 times")
	}
}

// report prints how long words took without films and beside them, sorts both, and returns the ratio of the medians.
func report(what string, idle, busy []time.Duration) float64 {
	ratio := float64(median(busy)) / float64(median(idle))
	at := func(of []time.Duration, percent int) time.Duration {
		return of[len(of)*percent/100].Round(100 * time.Microsecond)
	}
	fmt.Printf("%s, %d times: without films median %v, 99 of 100 in %v; beside three films median %v, 99 of 100 in %v: %.2f times\n",
		what, len(idle), at(idle, 50), at(idle, 99), at(busy, 50), at(busy, 99), ratio)
	return ratio
}
