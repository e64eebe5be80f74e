// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"sync"
	"time"

	"kchat/rooms"
)

var (
	community = rooms.UUID{0xc0}
	serverID  = rooms.UUID{0x5e}
	noon      = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// fakeGate leads to one client.
type fakeGate struct {
	client  *fakeClient
	archive *fakeArchive
	info    rooms.ServerInfo

	mu        sync.Mutex
	probeErr  error
	opened    []Credentials
	openErr   error
	pinned    bool // another server than before
	register  []Credentials
	known     rooms.Pin
	savedUser []string
	last      string
}

func (g *fakeGate) Probe(context.Context, string) (rooms.ServerInfo, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.info, g.probeErr
}

func (g *fakeGate) Register(_ context.Context, with Credentials) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.register = append(g.register, with)
	if g.pinned && !with.Trust {
		return rooms.ErrPinned
	}
	return nil
}

func (g *fakeGate) Open(_ context.Context, with Credentials) (Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = append(g.opened, with)
	if g.openErr != nil {
		return Session{}, g.openErr
	}
	return Session{Client: g.client, Archive: g.archive}, nil
}

func (g *fakeGate) Saved(context.Context) ([]string, error) { return g.savedUser, nil }

func (g *fakeGate) OpenSaved(context.Context, string) (Archive, func() error, error) {
	return g.archive, nil, nil
}

func (g *fakeGate) Last(context.Context, string) string { return g.last }

func (g *fakeGate) Known(context.Context, string) (rooms.Pin, bool) { return g.known, true }

// said makes a message of the room.
func said(seq uint64, by rooms.Person, text string) rooms.Message {
	return rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{0xbb, byte(seq >> 16), byte(seq >> 8), byte(seq)},
		Pos: rooms.Position{Epoch: 1, Seq: seq}, Time: noon.Add(time.Duration(seq) * time.Minute), Sender: by.ID,
		Name: by.Name, Kind: rooms.KindText, Text: text,
	}
}

var (
	joon = rooms.Person{ID: 2, Name: "준호", State: rooms.Present, Sessions: 1}
	lena = rooms.Person{ID: 3, Name: "lena", State: rooms.Away, Sessions: 1}
)
