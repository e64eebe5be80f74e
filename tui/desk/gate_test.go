// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"os"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
)

// Of those who know an address, it is whoever was there last. To look at other talk that is kept changes nothing.
func TestWhoWasAtAnAddressLast(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	gate, ctx := &Gate{}, t.Context()
	last := func(address, want string) {
		t.Helper()
		if got := gate.Last(ctx, address); got != want {
			t.Errorf("%s: %q was there last, want %q", address, got, want)
		}
	}
	last("lab:10106", "")
	clock := time.Now().Add(-time.Hour)
	visit := func(user, address string) {
		t.Helper()
		store, err := openHistory(ctx, user)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.SetPin(ctx, rooms.Pin{Address: address}); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		path, err := history.DefaultPath(user)
		if err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Second) // that of the disk may stand still meanwhile
		if err := os.Chtimes(path, clock, clock); err != nil {
			t.Fatal(err)
		}
	}
	for _, user := range []string{"Mina", "joon", "민수"} {
		visit(user, "lab:10106")
	}
	last("lab:10106", "민수")
	visit("lena", "attic:10106")
	last("lab:10106", "민수")
	last("attic:10106", "lena")
	last("garden:10106", "")
	if _, closer, err := gate.OpenSaved(ctx, "joon"); err != nil || closer() != nil {
		t.Fatal(err)
	}
	last("lab:10106", "민수")
	visit("mina", "lab:10106")
	last("lab:10106", "mina")
	if users, err := history.Users(); err != nil || len(users) != 4 {
		t.Errorf("%q, %v", users, err)
	}
}
