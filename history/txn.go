// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// txn is the writing connection with its prepared statements. Only the writer's goroutine uses it.
type txn struct {
	conn     *sql.Conn
	stmts    map[string]*sql.Stmt
	inserted int           // messages, since the beginning; a rolled back one may be among them
	rooms    map[Key]int64 // rooms are never removed, so their numbers can be remembered once they are committed
	batch    batch
	indexer  indexer
}

func newTxn(ctx context.Context, db *sql.DB) (*txn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &txn{conn: conn, stmts: map[string]*sql.Stmt{}, rooms: map[Key]int64{}, batch: newBatch()}, nil
}

func (t *txn) close() error {
	var errs []error
	for _, s := range t.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, t.conn.Close())...)
}

// commit applies a batch in one transaction. outcomes has an error for each change that failed by itself; the rest
// of the batch is committed without it. err is the failure of the whole.
//
// It does not take a caller's context: a batch belongs to many, and one who no longer waits must not undo the rest.
func (t *txn) commit(ops []op) (outcomes []error, err error) {
	ctx := context.Background()
	outcomes = make([]error, len(ops))
	t.batch.reset()
	if err := t.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return outcomes, err
	}
	for i, o := range ops {
		switch {
		case o.change != nil:
			outcomes[i], err = t.attempt(ctx, o.change)
		default:
			err = t.saveEach(ctx, o.messages)
		}
		if err != nil {
			return outcomes, t.undo(ctx, err)
		}
	}
	if err := t.note(ctx); err != nil {
		return outcomes, t.undo(ctx, err)
	}
	if err := t.exec(ctx, "COMMIT"); err != nil {
		return outcomes, t.undo(ctx, err)
	}
	return outcomes, nil
}

// attempt runs a change inside a savepoint, so that its failure leaves nothing behind. err says that there is no
// transaction any more to go on with.
func (t *txn) attempt(ctx context.Context, change func(context.Context, *txn) error) (outcome, err error) {
	if err := t.note(ctx); err != nil {
		return nil, err
	}
	if err := t.exec(ctx, "SAVEPOINT change"); err != nil {
		return nil, err
	}
	defer t.batch.forget()
	if outcome = change(ctx, t); outcome != nil {
		clear(t.rooms)
		t.batch.reset()
		if err := t.exec(ctx, "ROLLBACK TO change"); err != nil {
			return nil, errors.Join(outcome, err)
		}
	}
	return outcome, t.exec(ctx, "RELEASE change")
}

// undo rolls back. SQLite may have done so itself, for instance on a full disk; then there is nothing to undo, and
// the error that says so is of no interest.
func (t *txn) undo(ctx context.Context, err error) error {
	_, _ = t.conn.ExecContext(ctx, "ROLLBACK")
	clear(t.rooms)
	return err
}

func (t *txn) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.execN(ctx, query, args...)
	return err
}

// execN returns how many rows changed.
func (t *txn) execN(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := t.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// get reads one row into dest. found is false when there is none.
func (t *txn) get(ctx context.Context, dest []any, query string, args ...any) (found bool, err error) {
	s, err := t.prepare(ctx, query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (t *txn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, err)
	}
	t.stmts[query] = s
	return s, nil
}

// roomNumber is the number of a room, which is made if it is new.
func (t *txn) roomNumber(ctx context.Context, key Key) (int64, error) {
	if n, ok := t.rooms[key]; ok {
		return n, nil
	}
	if err := t.exec(ctx, "INSERT INTO rooms (community, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
		key.Community[:], key.Room); err != nil {
		return 0, err
	}
	var n int64
	if _, err := t.get(ctx, []any{&n}, "SELECT id FROM rooms WHERE community = ? AND name = ?",
		key.Community[:], key.Room); err != nil {
		return 0, err
	}
	t.rooms[key] = n
	return n, nil
}
