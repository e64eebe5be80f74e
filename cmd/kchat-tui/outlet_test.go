// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"kchat/rooms"
)

// gate is an output that writes only when it is let.
type gate struct {
	began chan struct{} // a token for each write that has begun
	open  chan error    // what it ends with
	got   bytes.Buffer
	times int
}

func newGate() *gate { return &gate{began: make(chan struct{}, 100), open: make(chan error, 100)} }

func (g *gate) Write(p []byte) (int, error) {
	g.began <- struct{}{}
	if err := <-g.open; err != nil {
		return 0, err
	}
	g.times++
	return g.got.Write(p)
}

// TestALineIsWrittenAtOnceAndThoseThatComeMeanwhileTogether: nobody waits for a full buffer, nor line by line.
func TestALineIsWrittenAtOnceAndThoseThatComeMeanwhileTogether(t *testing.T) {
	g := newGate()
	o := newOutlet(g)
	var want bytes.Buffer
	for n := range 1000 {
		line := fmt.Appendf(nil, "line %d\n", n)
		want.Write(line)
		if err := o.write(line); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			<-g.began
		}
	}
	g.open <- nil
	g.open <- nil
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
	if g.times != 2 || !bytes.Equal(g.got.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes in %d writes, want %d in 2", g.got.Len(), g.times, want.Len())
	}
}

func TestWhoReadsTheOutputSlowlyHoldsUpWhoWritesIt(t *testing.T) {
	g := newGate()
	o := newOutlet(g)
	line := bytes.Repeat([]byte("x"), outletMax/4)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range 12 {
			if err := o.write(line); err != nil {
				t.Error(err)
			}
		}
	}()
	<-g.began
	select {
	case <-written:
		t.Errorf("%d bytes were taken, which nobody reads", 12*len(line))
	case g.open <- nil:
	}
	for len(g.open) < cap(g.open) {
		g.open <- nil
	}
	<-written
	if err := o.close(); err != nil || g.got.Len() != 12*len(line) {
		t.Errorf("%v, %d bytes", err, g.got.Len())
	}
}

func TestAnOutputThatIsGoneIsToldOnce(t *testing.T) {
	gone := errors.New("nobody reads")
	g := newGate()
	o := newOutlet(g)
	if err := o.write([]byte("a\n")); err != nil {
		t.Fatal(err)
	}
	g.open <- gone
	if err := o.close(); !errors.Is(err, gone) {
		t.Errorf("closing: %v", err)
	}

	g = newGate()
	o = newOutlet(g)
	g.open <- gone
	var err error
	for err == nil {
		err = o.write([]byte("a\n"))
	}
	if !errors.Is(err, gone) {
		t.Error(err)
	}
	if err := o.close(); err != nil {
		t.Errorf("and again: %v", err)
	}
}

func TestTheIdsThatCameLastAreKnown(t *testing.T) {
	var r idRing
	id := func(n int) (id rooms.MessageID) {
		copy(id[:], fmt.Sprintf("%16d", n))
		return id
	}
	for n := range idsRemembered + 100 {
		if !r.add(id(n)) {
			t.Fatalf("%d is known", n)
		}
	}
	for _, n := range []int{100, 101, idsRemembered, idsRemembered + 99} {
		if r.add(id(n)) {
			t.Errorf("%d is not known any more", n)
		}
	}
	if !r.add(id(99)) || len(r.have) != idsRemembered {
		t.Errorf("%d ids are remembered", len(r.have))
	}
}
