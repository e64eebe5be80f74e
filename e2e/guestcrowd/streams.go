// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"sync"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// streams has all but the last send one at once. The last one takes them all, on one connection, and checks each.
func streams(ctx context.Context, p plan) error {
	people, err := p.crowd(ctx, 0, p.people, func(int) string { return "streams" })
	defer func() { leave(people) }()
	if err != nil {
		return err
	}
	began := time.Now()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	end := context.AfterFunc(ctx, func() { leave(people) })
	defer end()
	var group sync.WaitGroup
	senders, taker := people[:p.people-1], people[p.people-1]
	group.Go(func() {
		if err := taker.takes(len(senders)); err != nil {
			stop(err)
		}
	})
	for i, who := range senders {
		group.Go(func() {
			if err := who.sends(blob(i, p.bytes)); err != nil {
				stop(fmt.Errorf("%s: %w", who.login, err))
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	all := float64(len(senders)) * float64(p.bytes)
	fmt.Printf("%d streams of %d bytes at once, all whole, within %v: %.0f MB/s\n", len(senders), p.bytes, since(began), all/took.Seconds()/1e6)
	return nil
}

// blob is data that no two streams share.
func blob(i, n int) []byte {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(i))
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

// sends offers a file to the room, and sends it as its credit allows once somebody takes it.
func (p *person) sends(data []byte) error {
	p.KeepAlive(time.Second)
	sum := sha256.Sum256(data)
	id, err := p.Request(wire.TypeStreamBegin, p.room.Number, wire.StreamBegin{
		Size: uint64(len(data)), Kind: wire.StreamFile, Hash: sum, MIME: "application/octet-stream", Name: "file",
	})
	if err != nil {
		return err
	}
	var credit wire.StreamCredit
	for at := 0; at < len(data); {
		n := min(wire.ChunkMax, len(data)-at)
		for credit.Takers == 0 || credit.Limit < uint64(at+n) {
			if credit, err = p.credit(id); err != nil {
				return fmt.Errorf("at %d of %d: %w", at, len(data), err)
			}
		}
		if err := p.Send(wire.Header{Type: wire.TypeStreamChunk, Room: p.room.Number, ID: id}, wire.Raw(data[at:at+n])); err != nil {
			return err
		}
		at += n
	}
	return p.Send(wire.Header{Type: wire.TypeStreamEnd, Room: p.room.Number, ID: id}, wire.StreamEnd{Size: uint64(len(data)), Hash: sum})
}

// credit waits for the next credit of a stream.
func (p *person) credit(id wire.ID) (wire.StreamCredit, error) {
	f, err := p.Find(peer.Limit, func(f peer.Frame) bool { return f.ID == id })
	if err != nil {
		return wire.StreamCredit{}, err
	}
	p.Drop(func(f peer.Frame) bool { return f.ID != id }) // who came, and what others offer
	if f.Type != wire.TypeStreamCredit {
		return wire.StreamCredit{}, &peer.Unexpected{Want: wire.TypeStreamCredit, Got: f}
	}
	return wire.ParseStreamCredit(f.Body)
}

// taken is a stream that comes.
type taken struct {
	sum  hash.Hash
	at   uint64
	want [wire.KeyLen]byte
}

// errAll ends reading when all is here.
var errAll = errors.New("all is here")

// takes accepts so many streams and reads them to their ends.
func (p *person) takes(count int) error {
	p.KeepAlive(time.Second)
	coming := map[wire.ID]*taken{}
	whole := 0
	err := p.Stream(func(f wire.Frame) error {
		s := coming[f.ID]
		switch {
		case f.Type == wire.TypeStreamBegin:
			b, err := wire.ParseStreamBegin(f.Body)
			if err != nil {
				return err
			}
			coming[f.ID] = &taken{sum: sha256.New(), want: b.Hash}
			return p.Send(wire.Header{Type: wire.TypeStreamAccept, ID: f.ID}, wire.Number{})
		case f.Type == wire.TypeStreamChunk && s != nil:
			if f.Seq != s.at {
				return fmt.Errorf("a chunk at %d, expected %d", f.Seq, s.at)
			}
			s.at += uint64(len(f.Body))
			_, _ = s.sum.Write(f.Body) // never fails
		case f.Type == wire.TypeStreamEnd && s != nil:
			if [wire.KeyLen]byte(s.sum.Sum(nil)) != s.want {
				return fmt.Errorf("a stream of %d bytes is not what was announced", s.at)
			}
			if whole++; whole == count {
				return errAll
			}
		case f.Type == wire.TypeError:
			return &peer.Unexpected{Want: wire.TypeStreamChunk, Got: f}
		case f.Type == wire.TypeStreamCancel:
			c, err := wire.ParseStreamCancel(f.Body)
			return errors.Join(fmt.Errorf("a stream was cancelled: %s", c.Reason.Name()), err)
		}
		return nil
	})
	if errors.Is(err, errAll) {
		return nil
	}
	return fmt.Errorf("who takes, with %d of %d: %w", whole, count, err)
}
