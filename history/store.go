// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"kchat/rooms"
)

// Key names a room in the history.
type Key struct {
	Community rooms.UUID
	Room      string
}

// KeyOf is the room that a message belongs to.
func KeyOf(m rooms.Message) Key { return Key{Community: m.Community, Room: m.Room} }

// Options change how a store is opened. The zero value is what a client wants.
type Options struct {
	// OnError is told when saving fails and, with nil, when it works again. It is called by the owner of the
	// writing connection and must not call the store.
	OnError func(error)
}

// Store is an open history. Its methods may be called by several goroutines, and several processes may have the
// same history open.
type Store struct {
	path     string
	setAside string
	readers  *sql.DB
	roomKeys sync.Map // number of a room: its Key
	writer   *writer
}

// readers is how many reading connections there are at most: a search under way, an export, and the screen.
const maxReaders = 6

// Open opens the history at path and makes it, with its directory, if it is not there. A file that SQLite cannot
// read is set aside under a name that says so (SetAside) and a new history is begun; a file of a newer version is
// ErrNewer and stays as it is.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	db, aside, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(ctx, db, path, opt.OnError)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	readers, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("history: opening %s: %w", path, err), w.close(), db.Close())
	}
	readers.SetMaxOpenConns(maxReaders)
	readers.SetMaxIdleConns(maxReaders)
	return &Store{path: path, setAside: aside, readers: readers, writer: w}, nil
}

// Path is where the history lies.
func (s *Store) Path() string { return s.path }

// SetAside is where a damaged history was moved when this one was opened, or "".
func (s *Store) SetAside() string { return s.setAside }

// Flush waits until all that was saved before is committed. The error says why it could not be; what was saved is
// kept in memory all the same, and tried again.
func (s *Store) Flush(ctx context.Context) error { return s.writer.do(ctx, nil) }

// Close commits what is queued and closes the file. The error says how many messages could not be saved.
func (s *Store) Close() error {
	readErr := s.readers.Close()
	return s.damage(errors.Join(s.writer.close(), readErr, s.writer.db.Close()))
}

// dsn builds the driver's name for a file. WAL lets readers and a writer, also of another process, work side by
// side; with synchronous NORMAL a commit survives the end of the process at once and a power cut from the next
// checkpoint on, without a disk flush each.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}
