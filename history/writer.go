// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"kchat/rooms"
)

const (
	// batchMessages is the most messages in one commit: it bounds how long another process waits for its turn.
	batchMessages = 4000
	// maxQueued is how many messages may wait. Beyond it Save waits, or fails if saving fails.
	maxQueued = 50_000

	firstRetry = 500 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// ErrFull is the error of Save when the history cannot be written and memory for what waits is used up.
var ErrFull = errors.New("history: too much waits to be saved")

// ErrClosed is the error of using a closed store.
var ErrClosed = errors.New("history: closed")

// op is one thing to be written: messages, or a change that somebody waits for.
type op struct {
	messages []rooms.Message
	change   func(context.Context, *txn) error
	done     chan error // buffered; nil for messages
}

// writer owns the writing connection. Ops are applied in the order in which they came, in as few transactions as
// the pace allows.
type writer struct {
	db      *sql.DB
	path    string
	onError func(error)
	wake    chan struct{} // holds a token while there may be something to do
	stop    chan struct{}
	stopped chan struct{}
	limit   int // messages that may wait

	mu     sync.Mutex // protects what follows
	queue  []op
	queued int           // messages in queue
	room   chan struct{} // closed and replaced when the queue got shorter
	failed error         // why the last commit failed, nil when it did not
	urgent bool          // somebody waits for an op in queue
	closed bool

	txn      *txn
	closeErr error // set before stopped is closed
}

func newWriter(ctx context.Context, db *sql.DB, path string, onError func(error)) (*writer, error) {
	t, err := newTxn(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("history: preparing to write: %w", err)
	}
	w := &writer{
		db: db, path: path, onError: onError, txn: t,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		room: make(chan struct{}), limit: maxQueued,
	}
	go w.run()
	return w, nil
}

// save queues messages. It waits while the queue is full and the disk is slow.
func (w *writer) save(ctx context.Context, messages []rooms.Message) error {
	for {
		w.mu.Lock()
		switch {
		case w.closed:
			w.mu.Unlock()
			return ErrClosed
		case w.queued == 0 || w.queued+len(messages) <= w.limit:
			w.push(op{messages: messages})
			w.mu.Unlock()
			return nil
		case w.failed != nil:
			err := fmt.Errorf("%w: %w", ErrFull, w.failed)
			w.mu.Unlock()
			return err
		}
		room := w.room
		w.mu.Unlock()
		select {
		case <-room:
		case <-w.stopped:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// do queues a change and waits until it is committed, together with all that was queued before it. A nil change is
// a mere wait. The change may run more than once, and must not depend on having run.
func (w *writer) do(ctx context.Context, change func(context.Context, *txn) error) error {
	done := make(chan error, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	if change == nil && w.queue == nil && w.failed == nil {
		w.mu.Unlock()
		return nil
	}
	w.push(op{change: change, done: done})
	w.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// push appends to the queue; w.mu is held.
func (w *writer) push(o op) {
	w.queue = append(w.queue, o)
	w.queued += len(o.messages)
	w.urgent = w.urgent || o.done != nil
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *writer) run() {
	defer close(w.stopped)
	retry := time.NewTimer(time.Hour)
	retry.Stop()
	defer retry.Stop()
	pause := firstRetry
	for {
		select {
		case <-w.wake:
			if !w.due() {
				continue
			}
		case <-retry.C:
		case <-w.stop:
			w.closeErr = w.finish()
			return
		}
		if err := w.drain(); err != nil {
			retry.Reset(pause)
			pause = min(2*pause, lastRetry)
		} else {
			retry.Stop()
			pause = firstRetry
		}
	}
}

// due tells whether to write now: after a failure new messages alone do not hurry the next attempt.
func (w *writer) due() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed == nil || w.urgent
}

// failing is why the last commit failed, or nil.
func (w *writer) failing() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// drain commits batches until nothing waits, or one fails.
func (w *writer) drain() error {
	for {
		batch := w.peek()
		if len(batch) == 0 {
			return nil
		}
		outcomes, err := w.txn.commit(batch)
		if err != nil {
			err = explain(w.path, err)
			w.giveBack(err)
			return err
		}
		w.settle(len(batch))
		for i, o := range batch {
			if o.done != nil {
				o.done <- outcomes[i]
			}
		}
	}
}

// peek returns the next batch and leaves it in the queue, so that what is being written still counts as waiting.
func (w *writer) peek() []op {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for i, o := range w.queue {
		if n > 0 && n+len(o.messages) > batchMessages {
			return w.queue[:i:i]
		}
		n += len(o.messages)
	}
	return w.queue[:len(w.queue):len(w.queue)]
}

// settle takes a committed batch off the queue.
func (w *writer) settle(n int) {
	w.mu.Lock()
	recovered := w.failed != nil
	w.failed = nil
	w.requeue(w.queue[n:])
	w.mu.Unlock()
	if recovered && w.onError != nil {
		w.onError(nil)
	}
}

// giveBack keeps all messages for another attempt, and tells everybody who waits: what they wait for cannot come
// before those messages.
func (w *writer) giveBack(err error) {
	w.mu.Lock()
	var kept, told []op
	for _, o := range w.queue {
		if o.done == nil {
			kept = append(kept, o)
		} else {
			told = append(told, o)
		}
	}
	w.failed = err
	w.requeue(kept)
	w.mu.Unlock()
	for _, o := range told {
		o.done <- err
	}
	if w.onError != nil {
		w.onError(err)
	}
}

// requeue makes rest the queue, and wakes those who wait for it to be shorter; w.mu is held.
func (w *writer) requeue(rest []op) {
	if len(rest) == 0 {
		rest = nil // lets the array go
	}
	w.queue, w.queued, w.urgent = rest, 0, false
	for _, o := range rest {
		w.queued += len(o.messages)
		w.urgent = w.urgent || o.done != nil
	}
	close(w.room)
	w.room = make(chan struct{})
}

func (w *writer) close() error {
	w.mu.Lock()
	already := w.closed
	w.closed = true
	w.mu.Unlock()
	if !already {
		close(w.stop)
	}
	<-w.stopped
	return w.closeErr
}

// finish commits what is left and gives the connection back.
func (w *writer) finish() error {
	err := w.drain()
	if err != nil {
		w.mu.Lock()
		err = fmt.Errorf("history: %d messages could not be saved: %w", w.queued, err)
		w.mu.Unlock()
	}
	return errors.Join(err, w.txn.close())
}
