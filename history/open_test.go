// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	s := openTest(t)
	save(t, s, said(1, "x"))
	dir := filepath.Dir(s.Path())
	equal(t, "mode of the directory", must(os.Stat(dir))(t).Mode().Perm(), fs.FileMode(0o700))
	files := must(os.ReadDir(dir))(t)
	for _, f := range files {
		equal(t, "mode of "+f.Name(), must(f.Info())(t).Mode().Perm(), fs.FileMode(0o600))
	}
	if len(files) < 3 {
		t.Errorf("only %d files: the write-ahead log was not there to be looked at", len(files))
	}
}

func TestTheRightsOfOthersAreTakenOffAnOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
	equal(t, "mode", must(os.Stat(path))(t).Mode().Perm(), fs.FileMode(0o600))
}

func TestDefaultPath(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	for _, tc := range []struct{ xdg, user, want string }{
		{"", "ann", "/home/ann/.local/share/kchat/ann/history.db"},
		{"relative", "Ann", "/home/ann/.local/share/kchat/ann/history.db"},
		{"/data", "앤 리", "/data/kchat/%EC%95%A4%20%EB%A6%AC/history.db"},
		{"/data", "../x", "/data/kchat/..%2Fx/history.db"},
		{"/data", "..", "/data/kchat/%2E%2E/history.db"},
	} {
		t.Setenv("XDG_DATA_HOME", tc.xdg)
		equal(t, tc.user, must(DefaultPath(tc.user))(t), tc.want)
	}
	if path, err := DefaultPath(""); err == nil {
		t.Errorf("no name gives %s", path)
	}
}

func TestAPathMayHoldAnything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "100% ? #1 회의", "a&b=c.db")
	s := openAt(t, path)
	save(t, s, said(1, "x"))
	if must(os.Stat(path))(t).Size() == 0 {
		t.Error("the history was written elsewhere")
	}
}

// damaged makes a history with a message and damages it.
func damaged(t *testing.T, how func(t *testing.T, path string)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	s := must(Open(context.Background(), path, Options{}))(t)
	save(t, s, said(1, "old"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	how(t, path)
	return path
}

func overwrite(t *testing.T, path string, offset int64, with string) {
	t.Helper()
	f := must(os.OpenFile(path, os.O_RDWR, 0))(t)
	if _, err := f.WriteAt([]byte(with), offset); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedHistoryIsSetAsideAndNamed(t *testing.T) {
	for name, how := range map[string]func(*testing.T, string){
		"no database at all": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("this is a letter\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"header gone": func(t *testing.T, path string) { overwrite(t, path, 0, strings.Repeat("\xff", 100)) },
		"schema gone": func(t *testing.T, path string) { overwrite(t, path, 100, strings.Repeat("\xff", 3900)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := damaged(t, how)
			before := string(must(os.ReadFile(path))(t))
			s := openAt(t, path)
			if !strings.HasPrefix(s.SetAside(), path+".corrupt-2") {
				t.Fatalf("set aside as %q", s.SetAside())
			}
			equal(t, "what was set aside", string(must(os.ReadFile(s.SetAside()))(t)), before)
			save(t, s, said(2, "new"))
			equal(t, "talk", texts(must(s.Last(context.Background(), lobby, 9))(t)), []string{"new"})
		})
	}
}

func TestNothingThatWasSetAsideIsOverwritten(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "history.db"), time.Now()
	names := map[string]bool{}
	for range 3 {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		names[must(moveAside(path, now))(t)] = true
	}
	equal(t, "different names", len(names), 3)
}

func TestDamageMetWhileReadingIsFoundAtTheNextOpening(t *testing.T) {
	ctx := context.Background()
	path := damaged(t, func(t *testing.T, path string) {
		// All but the first page, which holds the schema.
		size := must(os.Stat(path))(t).Size()
		overwrite(t, path, 4096, strings.Repeat("\xff", int(size)-4096))
	})
	s := must(Open(ctx, path, Options{}))(t)
	if _, err := s.Last(ctx, lobby, 9); !isDamage(err) {
		t.Errorf("reading a damaged page: %v", err)
	}
	_ = s.Close() // what it says of the damage is not what is tested
	again := openAt(t, path)
	if again.SetAside() == "" {
		t.Error("the damaged history was opened again")
	}
	if _, err := os.Stat(suspect(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the new history is suspected too: %v", err)
	}
}

// change runs SQL on a closed history.
func change(t *testing.T, path, query string) {
	t.Helper()
	db := must(sql.Open("sqlite", dsn(path)))(t)
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAHistoryOfANewerVersionIsRefusedAndLeftAlone(t *testing.T) {
	path := damaged(t, func(t *testing.T, path string) { change(t, path, "PRAGMA user_version = 99") })
	before := string(must(os.ReadFile(path))(t))
	_, err := Open(context.Background(), path, Options{})
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "99") {
		t.Errorf("opening: %v", err)
	}
	equal(t, "the file", string(must(os.ReadFile(path))(t)), before)
}

func TestADatabaseOfAnotherProgramIsRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	change(t, path, "CREATE TABLE x (y)")
	if _, err := Open(context.Background(), path, Options{}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("opening: %v", err)
	}
}

func TestADirectoryIsNoHistory(t *testing.T) {
	if _, err := Open(context.Background(), t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("opening: %v", err)
	}
}
