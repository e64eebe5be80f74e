// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"time"

	"kchat/rooms"
)

// Person is somebody who said something.
type Person struct {
	Community rooms.UUID
	Account   rooms.AccountID
	Name      string    // the one seen last
	Seen      time.Time // when something of theirs was said last
}

func scanPerson(s scanner) (p Person, err error) {
	var community []byte
	var account, seen int64
	err = s.Scan(&community, &account, &p.Name, &seen)
	copy(p.Community[:], community)
	p.Account, p.Seen = rooms.AccountID(account), fromMicros(seen)
	return p, err
}

// People returns everybody of a community who said something, the last to speak first.
func (s *Store) People(ctx context.Context, community rooms.UUID) ([]Person, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	return collect(ctx, s, scanPerson,
		"SELECT community, account, name, seen FROM people WHERE community = ? ORDER BY seen DESC", community[:])
}

// NameOf returns the name that an account was last seen with, or "".
func (s *Store) NameOf(ctx context.Context, community rooms.UUID, account rooms.AccountID) (name string, err error) {
	if err := s.catchUp(ctx); err != nil {
		return "", err
	}
	err = s.readers.QueryRowContext(ctx, "SELECT name FROM people WHERE community = ? AND account = ?",
		community[:], int64(account)).Scan(&name)
	if errors.Is(err, errNoRow) {
		return "", nil
	}
	return name, s.readError(ctx, err)
}
