// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// author is ben, who says a line of 64 bytes again and again.
type author struct {
	t    *testing.T
	conn *peer.Conn
	room uint32
	said atomic.Int64
}

func newAuthor(t *testing.T, address string) *author {
	t.Helper()
	c, err := peer.Dial(address)
	must(t, err)
	must(t, c.Hello())
	must(t, c.Login("ben", password))
	joined, err := c.Join(wire.Join{Name: room})
	must(t, err)
	c.KeepAlive(time.Second)
	a := &author{t: t, conn: c, room: joined.Number}
	var reading sync.WaitGroup
	reading.Go(func() { _ = c.Stream(func(peer.Frame) error { return nil }) }) // ends with the connection
	t.Cleanup(func() {
		_ = c.Close()
		reading.Wait()
	})
	return a
}

// line is what is said: 64 bytes, half of them Korean.
const line = "the line is sixty-four bytes long 한글도 있다 그렇지"

// talk says so many lines a second until ctx ends. What it could not say in time it says as soon as it can.
func (a *author) talk(ctx context.Context, perSecond int) {
	const every = 5 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := int64(time.Since(began).Seconds() * float64(perSecond))
		var frames []byte
		for n := a.said.Load(); n < due; n++ {
			frames = wire.AppendFrame(frames, wire.Header{Type: wire.TypeMsg, Room: a.room, ID: peer.NewID()}, wire.Talk{Text: []byte(line)})
			a.said.Add(1)
		}
		if err := a.conn.Bytes(frames); err != nil {
			return
		}
	}
}
