// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"kchat/wire"
)

// plain cuts a blob anywhere.
type plain struct {
	r   io.Reader
	buf [wire.ChunkMax]byte
}

// Next implements Pieces.
func (p *plain) Next() (Piece, error) {
	n, err := io.ReadFull(p.r, p.buf[:])
	if n > 0 {
		err = nil
	}
	return Piece{Data: p.buf[:n]}, err
}

// from leaves out the beginning.
type from struct {
	pieces Pieces
	skip   uint64 // bytes
}

// Next implements Pieces.
func (f *from) Next() (Piece, error) {
	for {
		p, err := f.pieces.Next()
		if err != nil || f.skip == 0 {
			return p, err
		}
		n := min(f.skip, uint64(len(p.Data)))
		f.skip -= n
		if n < uint64(len(p.Data)) {
			return Piece{Data: p.Data[n:], Key: p.Key && n == 0}, nil
		}
	}
}

// SendLive sends a video to a room while it is being made, and returns when it has ended: hash and size are in what it
// returns. It waits while nobody takes it; the server ends a stream that nobody takes for half a minute. What was sent
// is kept in the blob store, if it is not more than Config.StreamMax.
func (c *Client) SendLive(ctx context.Context, name string, a Attachment, pieces LivePieces) (Attachment, error) {
	a.Hash, a.Size = Hash{}, wire.SizeUnknown
	type begun struct {
		o    *outgoing
		main *link
		room uint32
	}
	b, err := call(ctx, c, func(done func(begun, error)) {
		r, ok := c.view.rooms[name]
		switch {
		case !ok || r.home.link != nil && !r.live:
			done(begun{}, ErrNotInRoom)
		case r.home.link == nil:
			done(begun{}, ErrNoServer)
		case r.others(c.me()) == 0:
			done(begun{}, ErrAlone)
		default:
			o := &outgoing{
				id: newMark(), audience: r.others(c.me()), home: r.home, wake: make(chan struct{}, 1), kind: StreamVideo, stop: pieces.Stop,
				transfer: Transfer{Room: r.name, From: c.me(), Attached: a, Kind: StreamVideo, Outgoing: true},
			}
			o.transfer.Stream = MessageID(o.id)
			c.sending[o.id] = o
			done(begun{o, r.home.link, r.number}, nil)
		}
	})
	if err != nil {
		return a, fmt.Errorf("sending %s: %w", a.Name, err)
	}
	stop := context.AfterFunc(ctx, func() { b.o.end(context.Cause(ctx)) })
	at, err := c.streamLive(b.o, b.room, b.main, &a, pieces)
	stop()
	c.post(func() { delete(c.sending, b.o.id) })
	t := b.o.transfer
	t.Attached, t.Done = a, at
	_, t.Takers, _ = b.o.state()
	c.out.tell(TransferEnded{Transfer: t, Err: err})
	if err != nil {
		return a, fmt.Errorf("sending %s: %w", a.Name, err)
	}
	return a, nil
}

// streamLive sends the pieces and keeps them.
func (c *Client) streamLive(o *outgoing, room uint32, main *link, a *Attachment, pieces Pieces) (at uint64, err error) {
	head := wire.Header{Type: wire.TypeStreamBegin, Room: room, ID: o.id}
	main.send(head, o.begin(0))
	c.out.tell(TransferChanged{Transfer: o.transfer})
	link, err := c.linkFor(o, o.home, main)
	if err != nil {
		return 0, err
	}
	k := c.keeper(pieces)
	at, err = c.chunks(o, head, main, link, k, 0)
	if err != nil {
		head.Type = wire.TypeStreamCancel
		if _, told := errors.AsType[*ServerError](err); !told {
			main.send(head, wire.StreamCancel{Reason: wire.ErrCancelled})
		}
		return at, errors.Join(err, k.drop())
	}
	a.Size = at
	k.sum.Sum(a.Hash[:0])
	head.Type = wire.TypeStreamEnd
	link.send(head, wire.StreamEnd{Size: a.Size, Hash: a.Hash})
	return at, errors.Join(c.barrier(o, main, link), k.keep(*a))
}

// keeper hashes what is sent, and keeps it as long as it is not too much.
type keeper struct {
	pieces Pieces
	sum    interface {
		io.Writer
		Sum(b []byte) []byte
	}
	to   BlobWriter // nil: not kept, or no longer
	left uint64
}

func (c *Client) keeper(pieces Pieces) *keeper {
	k := &keeper{pieces: pieces, sum: sha256.New(), left: c.mostOf(wire.SizeUnknown)}
	if c.cfg.Blobs == nil {
		return k
	}
	to, err := c.cfg.Blobs.Receive(Hash{}, wire.SizeUnknown, 0)
	if err != nil {
		c.log.Warn("what is sent live is not kept", "error", err)
		return k
	}
	k.to = to
	return k
}

// Next implements Pieces.
func (k *keeper) Next() (Piece, error) {
	p, err := k.pieces.Next()
	if err != nil {
		return p, err
	}
	_, _ = k.sum.Write(p.Data) // never fails
	if k.to == nil {
		return p, nil
	}
	if uint64(len(p.Data)) > k.left {
		return p, k.drop()
	}
	k.left -= uint64(len(p.Data))
	if _, err := k.to.Write(p.Data); err != nil { // it goes on without being kept
		return p, k.drop()
	}
	return p, nil
}

// drop keeps nothing.
func (k *keeper) drop() error {
	if k.to == nil {
		return nil
	}
	to := k.to
	k.to = nil
	return to.Close()
}

// keep keeps all of it under its name.
func (k *keeper) keep(a Attachment) error {
	if k.to == nil {
		return nil
	}
	k.to.Expect(a.Hash, a.Size)
	if err := k.to.Commit(); err != nil {
		return fmt.Errorf("keeping %s: %w", a.Name, errors.Join(err, k.drop()))
	}
	return nil
}
