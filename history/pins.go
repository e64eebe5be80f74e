// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"kchat/rooms"
)

// The store is what a rooms.Client needs to survive.
var (
	_ rooms.Store    = (*Store)(nil)
	_ rooms.GapStore = (*Store)(nil)
	_ rooms.Pins     = (*Store)(nil)
)

// Pin returns what is remembered of the server at an address.
func (s *Store) Pin(ctx context.Context, address string) (p rooms.Pin, found bool, err error) {
	if err := s.catchUp(ctx); err != nil {
		return p, false, err
	}
	p.Address = address
	var server, community []byte
	var salts string
	err = s.readers.QueryRowContext(ctx,
		"SELECT server, community, name, iterations, salts FROM pins WHERE address = ?", address).
		Scan(&server, &community, &p.Name, &p.Iterations, &salts)
	if errors.Is(err, errNoRow) {
		return rooms.Pin{}, false, nil
	}
	if err != nil {
		return rooms.Pin{}, false, s.readError(ctx, err)
	}
	copy(p.Server[:], server)
	copy(p.Community[:], community)
	if err := json.Unmarshal([]byte(salts), &p.Salts); err != nil {
		return rooms.Pin{}, false, fmt.Errorf("history: reading what is pinned for %s: %w", address, err)
	}
	return p, true, nil
}

// SetPin remembers a server, in place of what was remembered of its address.
func (s *Store) SetPin(ctx context.Context, p rooms.Pin) error {
	salts, err := json.Marshal(p.Salts)
	if err != nil {
		return fmt.Errorf("history: pinning %s: %w", p.Address, err)
	}
	return s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		return t.exec(ctx, "INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?)",
			p.Address, p.Server[:], p.Community[:], normal(p.Name), p.Iterations, string(salts))
	})
}
