// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"iter"
	"sync"

	"kchat/rooms"
)

// passing is the store of a client that keeps nothing: it remembers how far one room has come, so that a connection that
// breaks goes on there.
type passing struct {
	room string

	mu   sync.Mutex
	upTo rooms.Position
}

func newPassing(room string, from rooms.Position) *passing { return &passing{room: room, upTo: from} }

// Save lets messages pass, see rooms.Store.
func (p *passing) Save(_ context.Context, messages ...rooms.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range messages {
		if m := &messages[i]; m.Room == p.room && m.Pos.Compare(p.upTo) > 0 {
			p.upTo = m.Pos
		}
	}
	return nil
}

// Stored is how far the room has come.
func (p *passing) Stored(_ context.Context, _ rooms.UUID, room string) (rooms.Position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if room != p.room {
		return rooms.Position{}, nil
	}
	return p.upTo, nil
}

// Own has nothing that could be offered to anybody.
func (p *passing) Own(context.Context, rooms.UUID, string, rooms.AccountID, rooms.Position, rooms.Position) iter.Seq2[rooms.Message, error] {
	return func(func(rooms.Message, error) bool) {}
}

// Outbox is empty: nothing is sent.
func (p *passing) Outbox(context.Context, rooms.UUID, rooms.AccountID) ([]rooms.Message, error) {
	return nil, nil
}

// Missing notes nothing: the gap was told.
func (p *passing) Missing(context.Context, rooms.UUID, string, rooms.Position, rooms.Position, bool) error {
	return nil
}

// Forget has nothing to drop.
func (p *passing) Forget(context.Context, rooms.UUID, string, rooms.MessageID) error { return nil }
