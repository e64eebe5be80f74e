// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package transfer

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui/desk"
)

const (
	room     = "bench"
	patience = 2 * time.Minute
)

// client is a client as the screen has it, with its history and its store of blobs.
type client struct {
	*rooms.Client
	blobs *media.Store
}

// enter lets a new person log in and come into the room.
func (m *machine) enter(t *testing.T, name string) *client {
	t.Helper()
	m.AddUser(t, name, password)
	dir := t.TempDir()
	store, err := history.Open(t.Context(), filepath.Join(dir, "history.db"), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := media.OpenStore(filepath.Join(dir, "blobs"), media.StoreOptions{Limit: 2 << 30})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rooms.New(rooms.Config{
		Address: m.Addr, User: name, Password: password, Rooms: []string{room}, Store: store, Pins: store,
		Blobs: desk.NewBlobs(blobs, nil), Accept: func(rooms.Transfer) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Client: r, blobs: blobs}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(context.Background()) }()
	t.Cleanup(func() {
		r.Close()
		go func() {
			for range r.Events() { // nobody hears them any more
			}
		}()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	await[rooms.Live](t, c, nil)
	return c
}

// awaitOthers waits until somebody else is in the room.
func (c *client) awaitOthers(t *testing.T) {
	t.Helper()
	if c.OthersPresent(room) == 0 {
		await(t, c, func(e rooms.PersonChanged) bool { return c.OthersPresent(room) > 0 })
	}
}

// put puts a file into the store, as choosing it does.
func (c *client) put(t *testing.T, data []byte) rooms.Attachment {
	t.Helper()
	hash, size, err := c.blobs.Put(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return rooms.Attachment{Hash: rooms.Hash(hash), Size: size, MIME: "application/octet-stream", Name: "file.bin"}
}

// await reads events until one fits.
func await[E rooms.Event](t *testing.T, c *client, fits func(E) bool) E {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case e := <-c.Events():
			if x, ok := e.(E); ok && (fits == nil || fits(x)) {
				return x
			}
		case <-late:
			var none E
			t.Fatalf("%T did not come", none)
		}
	}
}
