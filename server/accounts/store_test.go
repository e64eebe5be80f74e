// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/server/durable"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "kchat", "accounts.json"), "test server")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func addAccount(t *testing.T, s *Store, name string) Account {
	t.Helper()
	var added Account
	err := s.Update(func(d *Data) error {
		a, err := d.Add(name, Verifier{}, time.Now())
		if err == nil {
			added = *a
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func read(t *testing.T, s *Store) *Data {
	t.Helper()
	d, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestANewFileIsForItsOwnerAlone(t *testing.T) {
	s := openStore(t)
	for path, want := range map[string]os.FileMode{s.Path(): 0o600, filepath.Dir(s.Path()): 0o700} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
	addAccount(t, s, "mina")
	if info, _ := os.Stat(s.Path()); info.Mode().Perm() != 0o600 {
		t.Errorf("after a change the mode is %04o", info.Mode().Perm())
	}
}

func TestIdentityAndAccountsSurviveReopening(t *testing.T) {
	s := openStore(t)
	addAccount(t, s, "mina")
	before := read(t, s)
	again, err := Open(s.Path(), "another name")
	if err != nil {
		t.Fatal(err)
	}
	after := read(t, again)
	if after.Server != before.Server || after.Community != before.Community || after.Name != "test server" ||
		string(after.Secret) != string(before.Secret) || len(after.Accounts) != 1 || after.Accounts[0].Name != "mina" {
		t.Errorf("reopened as %+v, was %+v", after, before)
	}
}

func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	s := openStore(t)
	if err := os.Chmod(s.Path(), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); !errors.Is(err, durable.ErrOpenToOthers) {
		t.Errorf("read: %v", err)
	}
}

func TestACorruptFileIsSetAsideAndNamed(t *testing.T) {
	for what, text := range map[string]string{
		"no JSON":             "{\"version\": 1, ",
		"empty":               "",
		"another version":     `{"version": 99}`,
		"a number given away": "",
	} {
		t.Run(what, func(t *testing.T) {
			s := openStore(t)
			if what == "a number given away" {
				addAccount(t, s, "mina")
				good, err := os.ReadFile(s.Path())
				if err != nil {
					t.Fatal(err)
				}
				text = strings.Replace(string(good), `"next_number": 2`, `"next_number": 1`, 1)
			}
			if err := os.WriteFile(s.Path(), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Read()
			var corrupt *durable.CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatalf("read: %v", err)
			}
			if kept, err := os.ReadFile(corrupt.Aside); err != nil || string(kept) != text {
				t.Errorf("set aside: %q, %v", kept, err)
			}
			if _, err := os.Stat(s.Path()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the corrupt file is still in its place: %v", err)
			}
			if !strings.Contains(err.Error(), corrupt.Aside) {
				t.Errorf("the error does not name %s: %v", corrupt.Aside, err)
			}
		})
	}
}

func TestAChangeThatFailsLeavesTheFileAsItWas(t *testing.T) {
	s := openStore(t)
	addAccount(t, s, "mina")
	before, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := s.Update(func(d *Data) error { d.Accounts = nil; return refused }); !errors.Is(err, refused) {
		t.Errorf("update: %v", err)
	}
	if err := s.Update(func(d *Data) error { d.Secret = nil; return nil }); err == nil {
		t.Error("a file without its secret was written")
	}
	after, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Errorf("the file changed:\n%s", after)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Path()), ".accounts.json-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAReaderSeesWholeFilesOnlyWhileOthersWrite(t *testing.T) {
	s := openStore(t)
	const writers, each = 4, 8
	var done sync.WaitGroup
	for w := range writers {
		done.Go(func() {
			for i := range each {
				name := fmt.Sprintf("p%d-%d", w, i)
				if err := s.Update(func(d *Data) error {
					_, err := d.Add(name, Verifier{}, time.Now())
					return err
				}); err != nil {
					t.Errorf("add %s: %v", name, err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()
	for running := true; running; {
		select {
		case <-finished:
			running = false
		default:
		}
		other := &Store{path: s.Path()}
		if _, err := other.Read(); err != nil {
			t.Fatalf("read beside writers: %v", err)
		}
	}
	if d := read(t, s); len(d.Accounts) != writers*each || d.NextNumber != FirstNumber+writers*each {
		t.Errorf("%d accounts, next number %d", len(d.Accounts), d.NextNumber)
	}
}
