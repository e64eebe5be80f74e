// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/wire"
)

// TestTooManyRoomsOfOnePerson: nobody fills the table with empty rooms. It changes limits, so it runs alone.
func TestTooManyRoomsOfOnePerson(t *testing.T) {
	const most = 3
	world.set(t, "rooms_per_person", most)
	world.set(t, "room_idle_ms", 300)
	a, b := enter(t), enter(t)
	first := a.join(room())
	for range most - 1 {
		a.join(room())
	}
	refused := wire.Join{Name: room()}
	a.refused(a.send(wire.TypeJoin, 0, refused), wire.ErrRooms)
	second := enterAs(t, a.acct)
	second.refused(second.send(wire.TypeJoin, 0, refused), wire.ErrRooms)

	// The rooms of others are open, and others may make theirs.
	a.join(b.join(room()).Name)

	// One is forgotten when its last person has gone, whoever that is; then there is place for another.
	b.join(first.Name)
	_, err := a.Part(first.Number)
	a.ok(err)
	a.refused(a.send(wire.TypeJoin, 0, refused), wire.ErrRooms)
	_, err = b.Part(first.Number)
	b.ok(err)
	eventually(t, "place for another room", func() bool {
		_, err := a.Join(refused)
		if !isError(err, wire.ErrRooms) {
			a.ok(err)
		}
		return err == nil
	})
}
