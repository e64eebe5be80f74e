// SPDX-License-Identifier: GPL-2.0-only

// Package desk is what the screen stands on in earnest: servers through rooms, the history of each account, pictures
// in the blob store. The screen itself knows only the interfaces of tui.
package desk

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"time"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui"
)

// Gate leads to servers, and to the histories that are kept on this machine.
type Gate struct {
	Local  *Local // nil: everybody has a password
	Agent  string // for HELLO
	Blobs  *media.Store
	Videos *Videos      // shows the films of Blobs; nil: they are only kept
	Logger *slog.Logger // nil: nothing is logged
	// AskAbove is how large a picture or file may be, in bytes, to be taken unasked.
	AskAbove uint64
}

// Probe implements tui.Gate.
func (g *Gate) Probe(ctx context.Context, address string) (rooms.ServerInfo, error) {
	return rooms.Probe(ctx, address)
}

// config is what a client is made with, apart from what it stores into.
func (g *Gate) config(with tui.Credentials) rooms.Config {
	cfg := rooms.Config{
		Address: with.Address, User: with.User, Password: with.Password, Agent: g.Agent, Trust: with.Trust, Logger: g.Logger,
	}
	if g.Local != nil && with.Address == g.Local.Address && with.User == g.Local.User && with.Password == "" {
		cfg.Ticket = g.Local.Ticket
	}
	return cfg
}

// Local is a server on this machine whose kernel knows who this machine's user is.
type Local struct {
	Address string
	User    string // the name to log in with
	Ticket  func(context.Context) (rooms.Ticket, error)
}

// Register implements tui.Gate.
func (g *Gate) Register(ctx context.Context, with tui.Credentials) error {
	store, err := openHistory(ctx, with.User)
	if err != nil {
		return err
	}
	cfg := g.config(with)
	cfg.Store, cfg.Pins = store, store
	_, err = rooms.Register(ctx, cfg, with.Code)
	return errors.Join(err, store.Close())
}

// Open implements tui.Gate. The history is opened with it, and closed with the session.
func (g *Gate) Open(ctx context.Context, with tui.Credentials) (tui.Session, error) {
	store, err := openHistory(ctx, with.User)
	if err != nil {
		return tui.Session{}, err
	}
	cfg := g.config(with)
	cfg.Store, cfg.Pins = store, store
	if g.Blobs != nil {
		cfg.Blobs, cfg.Cut, cfg.Accept = NewBlobs(g.Blobs, g.Videos), Cut, acceptShown(g.AskAbove)
	}
	client, err := rooms.New(cfg)
	if err != nil {
		return tui.Session{}, errors.Join(err, store.Close())
	}
	return tui.Session{Client: client, Archive: &Archive{store: store}, Close: store.Close}, nil
}

// Saved implements tui.Gate.
func (g *Gate) Saved(context.Context) ([]string, error) { return history.Users() }

// OpenSaved implements tui.Gate.
func (g *Gate) OpenSaved(ctx context.Context, user string) (tui.Archive, func() error, error) {
	path, err := history.DefaultPath(user)
	if err != nil {
		return nil, nil, err
	}
	store, err := history.Open(ctx, path, history.Options{})
	if err != nil {
		return nil, nil, err
	}
	return &Archive{store: store}, store.Close, nil
}

// Last implements tui.Gate: of the accounts here that know the address, that whose history was written last.
func (g *Gate) Last(ctx context.Context, address string) string {
	users, _ := history.Users() // who cannot be found is not offered
	written := make(map[string]time.Time, len(users))
	for _, user := range users {
		written[user] = writtenAt(user)
	}
	slices.SortStableFunc(users, func(a, b string) int { return written[b].Compare(written[a]) })
	for _, user := range users {
		if _, known := pinOf(ctx, user, address); known {
			return user
		}
	}
	return ""
}

// writtenAt is when something was kept for an account last. What was kept newly lies in a file of its own for a while:
// sqlite.org/wal.html.
func writtenAt(user string) (last time.Time) {
	path, err := history.DefaultPath(user)
	if err != nil {
		return last
	}
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// Known implements tui.Gate: what any account here remembers of an address.
func (g *Gate) Known(ctx context.Context, address string) (rooms.Pin, bool) {
	users, err := history.Users()
	if err != nil {
		return rooms.Pin{}, false
	}
	for _, user := range users {
		if pin, known := pinOf(ctx, user, address); known {
			return pin, true
		}
	}
	return rooms.Pin{}, false
}

func pinOf(ctx context.Context, user, address string) (rooms.Pin, bool) {
	path, err := history.DefaultPath(user)
	if err != nil {
		return rooms.Pin{}, false
	}
	store, err := history.Open(ctx, path, history.Options{})
	if err != nil {
		return rooms.Pin{}, false
	}
	defer store.Close()
	pin, known, err := store.Pin(ctx, address)
	return pin, known && err == nil
}

// openHistory opens the history of the account that a name logs in to.
func openHistory(ctx context.Context, user string) (*history.Store, error) {
	login, err := rooms.LoginName(user)
	if err != nil {
		return nil, err
	}
	path, err := history.DefaultPath(login)
	if err != nil {
		return nil, err
	}
	return history.Open(ctx, path, history.Options{})
}
