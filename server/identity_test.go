// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/server/accounts"
)

func open(t *testing.T, p Paths, file, name string) *accounts.Store {
	t.Helper()
	store, err := p.openAccounts(file, name)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func begin(t *testing.T, p Paths, store *accounts.Store, name string, now time.Time) (*accounts.Data, identity) {
	t.Helper()
	data, who, err := p.begin(store, name, now)
	if err != nil {
		t.Fatal(err)
	}
	return data, who
}

func add(t *testing.T, store *accounts.Store, name string) (number uint64) {
	t.Helper()
	err := store.Update(func(d *accounts.Data) error {
		a, err := d.Add(name, accounts.Verifier{}, time.Now())
		if err == nil {
			number = a.Number
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// oldFile is one as it was before servers could share accounts.
const oldFile = `{
  "version": 1,
  "server_uuid": "11111111-2222-4333-8444-555555555555",
  "community_uuid": "11111111-2222-4333-8444-555555555555",
  "name": "den",
  "generation": 7,
  "secret": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "iterations": 600000,
  "next_number": 2,
  "accounts": [
    {
      "number": 1, "name": "Mina", "login": "mina", "salt": "AAAAAAAAAAAAAAAAAAAAAA==",
      "stored_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "server_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
      "created": "2026-01-01T12:00:00Z"
    }
  ]
}`

func TestAnOldAccountsFileGoesOn(t *testing.T) {
	p := Paths{Data: t.TempDir()}
	if err := os.WriteFile(p.ownAccounts(), []byte(oldFile), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	data, who := begin(t, p, open(t, p, "", "other"), "other", now)
	if who.Name != "den" || who.Server.String() != "11111111-2222-4333-8444-555555555555" || data.Community != who.Server ||
		len(data.Accounts) != 1 || len(data.Shared) != 32 {
		t.Errorf("%+v, %+v", who, data)
	}
	again, later := begin(t, p, open(t, p, "", "other"), "other", now)
	if string(again.Shared) != string(data.Shared) || later.Generation != who.Generation+1 || later.Server != who.Server {
		t.Errorf("at the next start %+v, before %+v", later, who)
	}
	if _, err := os.Stat(p.identity()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a server alone needs no second file: %v", err)
	}
}

func TestAGenerationGrowsWithTheTimeAndWithoutIt(t *testing.T) {
	day := time.Unix(500_000*3600, 0)
	for _, c := range []struct {
		before uint32
		now    time.Time
		want   uint32
	}{
		{0, day, 500_000},
		{500_000, day, 500_001},
		{600_000, day, 600_001},                      // the clock was ahead
		{3, time.Unix(-5*3600, 0), 4},                // it is not set
		{500_000, time.Unix(1<<21*3600, 0), 500_001}, // it has no sense
	} {
		if got := nextGeneration(c.before, c.now); got != c.want {
			t.Errorf("after %d at %v comes %d, want %d", c.before, c.now, got, c.want)
		}
	}
}

func TestServersThatShareAccountsAreOneCommunityAndTwoServers(t *testing.T) {
	first, second := Paths{Data: t.TempDir()}, Paths{Data: t.TempDir()}
	a := open(t, first, "", "first")
	b := open(t, second, first.ownAccounts(), "second")
	now := time.Now()
	dataA, whoA := begin(t, first, a, "first", now)
	dataB, whoB := begin(t, second, b, "second", now)
	if dataA.Community != dataB.Community || string(dataA.Shared) != string(dataB.Shared) || string(dataA.Secret) != string(dataB.Secret) ||
		whoA.Server == whoB.Server || whoA.Name != "first" || whoB.Name != "second" {
		t.Errorf("%+v, %+v", whoA, whoB)
	}
	_, again := begin(t, second, open(t, second, "", "renamed"), "renamed", now) // the file is remembered
	if again.Server != whoB.Server || again.Name != "second" || again.Generation <= whoB.Generation {
		t.Errorf("after a restart %+v, before %+v", again, whoB)
	}
	var both sync.WaitGroup
	for store, name := range map[*accounts.Store]string{a: "a", b: "b"} {
		both.Go(func() {
			for i := range 10 {
				add(t, store, name+strings.Repeat("x", i))
			}
		})
	}
	both.Wait()
	data, err := a.Read() // its check finds a number twice
	if err != nil || len(data.Accounts) != 20 || data.NextNumber != 21 {
		t.Errorf("%d accounts, next number %d: %v", len(data.Accounts), data.NextNumber, err)
	}
}

func TestSharedAccountsThatAreAwayAreNotMadeAnew(t *testing.T) {
	p, file := Paths{Data: t.TempDir()}, filepath.Join(t.TempDir(), "shared.json")
	open(t, p, file, "a")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := p.openAccounts("", "a"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), file) {
		t.Errorf("without the file: %v", err)
	}
	if _, err := p.openAccounts(file, "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("named once more: %v", err)
	}
	if store := open(t, p, p.ownAccounts(), "a"); store.Path() != p.ownAccounts() {
		t.Errorf("back to its own: %s", store.Path())
	}
	if store := open(t, p, "", "a"); store.Path() != p.ownAccounts() {
		t.Errorf("that is remembered: %s", store.Path())
	}
}

func TestAServerWithAccountsDoesNotLeaveThemBehind(t *testing.T) {
	p, file := Paths{Data: t.TempDir()}, filepath.Join(t.TempDir(), "shared.json")
	own := open(t, p, "", "a")
	_, before := begin(t, p, own, "a", time.Now())
	add(t, own, "mina")
	if _, err := p.openAccounts(file, "a"); !errors.Is(err, ErrOwnAccounts) || !strings.Contains(err.Error(), p.ownAccounts()) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was made all the same: %v", err)
	}
	if err := own.Update(func(d *accounts.Data) error { _, err := d.Delete("mina"); return err }); err != nil {
		t.Fatal(err)
	}
	_, after := begin(t, p, open(t, p, file, "b"), "b", time.Now())
	if after.Server != before.Server || after.Name != "a" || after.Generation <= before.Generation {
		t.Errorf("without accounts it goes over as %+v, it was %+v", after, before)
	}
}

func TestACopyOfTheSharedAccountsMakesNoTwin(t *testing.T) {
	first, second := Paths{Data: t.TempDir()}, Paths{Data: t.TempDir()}
	_, whoA := begin(t, first, open(t, first, "", "a"), "a", time.Now())
	text, err := os.ReadFile(first.ownAccounts())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(second.ownAccounts(), text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, whoB := begin(t, second, open(t, second, first.ownAccounts(), "b"), "b", time.Now())
	if whoA.Server == whoB.Server {
		t.Error("both have the same UUID")
	}
}

func TestABrokenIdentityIsNamedAndNotReplaced(t *testing.T) {
	p, file := Paths{Data: t.TempDir()}, filepath.Join(t.TempDir(), "shared.json")
	store := open(t, p, file, "a")
	for _, text := range []string{"{", "{}"} {
		if err := os.WriteFile(p.identity(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.begin(store, "a", time.Now()); err == nil || !strings.Contains(err.Error(), p.Data) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
