// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"kchat/media"
	"kchat/media/video"
	"kchat/rooms"
	"kchat/tui/desk"
)

// live sends what comes on standard input as a video while it comes, until it ends or ctx does. It returns what was
// sent, or nil if it was too much to be kept.
func (s *sending) live(ctx context.Context, in io.Reader) (*rooms.Attachment, error) {
	tools, err := video.Find()
	if err != nil {
		return nil, coded{err, exitUsage}
	}
	film, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ended := context.AfterFunc(ctx, cancel)
	r, info, err := tools.RemuxPipe(film, in)
	if err != nil {
		if !ended() {
			return nil, ctx.Err()
		}
		return nil, coded{err, exitUsage}
	}
	defer r.Close()
	cut := video.NewSplitter(r, info.Rotation)
	h, err := cut.Describe() // what it is, before it is announced
	if !ended() {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, coded{err, exitUsage}
	}
	a := rooms.Attachment{MIME: "video/x-matroska", Name: "live.mkv", Width: uint32(h.Width), Height: uint32(h.Height)}
	pieces := &stoppable{pieces: desk.Live(cut), stop: cancel}
	defer context.AfterFunc(ctx, pieces.end)()
	type result struct {
		rooms.Attachment
		err error
	}
	done := make(chan result, 1)
	go func() {
		a, err := s.SendLive(context.WithoutCancel(ctx), s.room, a, pieces)
		done <- result{a, err}
	}()
	for {
		select {
		case r := <-done:
			switch {
			case r.err != nil:
				return nil, withCode(r.err)
			case !s.blobs.Has(media.Hash(r.Hash)):
				return nil, nil
			}
			return &r.Attachment, nil
		case e, more := <-s.Events():
			if !more {
				return nil, coded{errors.New("the connection ended"), exitNoServer}
			}
			if err := failure(e, s.room, s.online); err != nil {
				return nil, err
			}
		}
	}
}

// stoppable is a video that can be ended where it is.
type stoppable struct {
	pieces rooms.Pieces
	stop   func() // has pieces return soon

	mu    sync.Mutex
	ended bool
}

// end lets the piece that is being read be the last.
func (p *stoppable) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.stop()
}

// Stop implements rooms.LivePieces.
func (p *stoppable) Stop() { p.stop() }

// Next implements rooms.Pieces.
func (p *stoppable) Next() (rooms.Piece, error) {
	piece, err := p.pieces.Next()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return rooms.Piece{}, io.EOF
	}
	return piece, err
}
