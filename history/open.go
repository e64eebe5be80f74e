// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errDamaged marks errors that mean that the file itself is broken.
var errDamaged = errors.New("the history file is damaged")

// openFile opens, checks and migrates the file at path for writing. It returns where a damaged file was moved.
func openFile(ctx context.Context, path string) (*sql.DB, string, error) {
	if err := makePrivate(path); err != nil {
		return nil, "", err
	}
	unlock, err := lockOpening(path)
	if err != nil {
		return nil, "", err
	}
	defer unlock()
	db, err := openChecked(ctx, path)
	if !errors.Is(err, errDamaged) {
		return db, "", err
	}
	aside, err := moveAside(path, time.Now())
	if err != nil {
		return nil, "", err
	}
	if err := makePrivate(path); err != nil {
		return nil, "", err
	}
	db, err = openChecked(ctx, path)
	return db, aside, err
}

// lockOpening lets one process at a time open a history: otherwise two that both find it damaged would set it aside
// twice, the second time with what the first has begun anew.
func lockOpening(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("history: locking %s: %w", path, err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("history: locking %s: %w", path, err), f.Close())
	}
	// Closing the file gives the lock back; nothing was written that a failure could lose.
	return func() { _ = f.Close() }, nil
}

func openChecked(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, "cache_size(-8000)"))
	if err != nil {
		return nil, fmt.Errorf("history: opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	err = check(ctx, db, path)
	if err == nil {
		err = migrate(ctx, db, path)
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), db.Close())
	}
	return db, nil
}

// check reads the schema, which fails on a file that is no database. The whole file is read only if an earlier run
// met damage, since that takes seconds with a long history.
func check(ctx context.Context, db *sql.DB, path string) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n); err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	if _, err := os.Stat(suspect(path)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	return os.Remove(suspect(path))
}

// suspect is a file whose being there says that the history is to be checked as a whole when it is opened next.
func suspect(path string) string { return path + ".suspect" }

// damage leaves that word for the next opening if err says that the file is broken.
func (s *Store) damage(err error) error {
	if err == nil || !isDamage(err) {
		return err
	}
	if werr := os.WriteFile(suspect(s.path), nil, 0o600); werr != nil {
		return errors.Join(err, werr)
	}
	return fmt.Errorf("%w; it will be checked when it is opened next", explain(s.path, err))
}

// moveAside renames a damaged history, with its write-ahead log, to NAME.corrupt-DATE, and never onto a file.
func moveAside(path string, now time.Time) (string, error) {
	base := path + ".corrupt-" + now.Format("20060102-150405")
	aside := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", base, i)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !(suffix != "" && errors.Is(err, os.ErrNotExist)) {
			return "", fmt.Errorf("history: setting the damaged %s aside: %w", path+suffix, err)
		}
	}
	if err := os.Remove(suspect(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("history: setting the damaged %s aside: %w", path, err)
	}
	return aside, nil
}

// explain turns what SQLite says into what the person at the screen can do.
func explain(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("history: %s: %w", path, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("history: no space left for %s: %w", path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("history: cannot write in %s: %w", filepath.Dir(path), err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("history: another program holds %s: %w", path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("history: %s: %w: %w", path, errDamaged, err)
	}
	return fmt.Errorf("history: %s: %w", path, err)
}

func isDamage(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		code := e.Code() & 0xff
		return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
	}
	return errors.Is(err, errDamaged)
}
