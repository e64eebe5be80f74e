// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"log/slog"
	"time"
)

// result is something that happened: messages to be kept, then an event to be told, then work to be done.
type result struct {
	messages []Message
	missing  *missing
	event    Event
	kept     func() // called when the messages are durable; not if keeping them failed
}

// missing is a gap to be recorded, or to be taken out.
type missing struct {
	community UUID
	room      string
	from, to  Position
	filled    bool
}

// output keeps messages in the store and tells events, both in the order in which they happened. One goroutine
// saves, in batches; another one waits for the reader of the events.
type output struct {
	store   Store
	log     *slog.Logger
	work    *queue[result]
	told    *queue[Event]
	events  chan Event
	settled chan struct{} // has a token when a batch has been kept
}

func newOutput(store Store, log *slog.Logger) *output {
	return &output{store: store, log: log, work: newQueue[result](), told: newQueue[Event](), events: make(chan Event), settled: make(chan struct{}, 1)}
}

func (o *output) put(r ...result) { o.work.put(r...) }

// outputMax is how many results may wait to be kept before no more frames are read.
const outputMax = 1 << 14

// waitForRoom waits while the store is behind what servers send. Each connection calls it before it hands on a frame.
func (o *output) waitForRoom(closed <-chan struct{}) {
	for o.work.len() > outputMax {
		select {
		case <-o.settled:
		case <-closed:
			return
		case <-time.After(time.Second): // another connection had the token
		}
	}
}

// tell tells an event that brings no message.
func (o *output) tell(e Event) { o.work.put(result{event: e}) }

// Saving costs by the batch more than by the message. Where several came at once more are coming, and those wait for
// each other, no longer than a frame of a screen; a message that comes alone never waits.
const (
	busyBatch  = 8
	batchApart = 16 * time.Millisecond
)

// run saves and tells until stop is closed and nothing waits any more.
func (o *output) run(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-o.work.ready:
			began := time.Now()
			if kept := o.settle(ctx, o.work.take()); kept >= busyBatch {
				waitOr(stop, batchApart-time.Since(began))
			}
		case <-stop:
			o.settle(ctx, o.work.take())
			return
		}
	}
}

// waitOr waits, until stop is closed at the longest.
func waitOr(stop <-chan struct{}, d time.Duration) {
	select {
	case <-time.After(d):
	case <-stop:
	}
}

// settle saves what a batch of results has and tells their events. It returns how many messages there were.
func (o *output) settle(ctx context.Context, batch []result) int {
	var messages []Message
	for _, r := range batch {
		messages = append(messages, r.messages...)
	}
	var err error
	if len(messages) > 0 {
		if err = o.store.Save(ctx, messages...); err != nil {
			o.log.Error("keeping messages", "count", len(messages), "error", err)
		}
	}
	for _, r := range batch {
		if m := r.missing; m != nil {
			if err := o.store.Missing(ctx, m.community, m.room, m.from, m.to, m.filled); err != nil {
				o.log.Error("recording a gap", "room", m.room, "error", err)
			}
		}
		if r.event != nil {
			o.told.put(r.event)
		}
		if r.kept != nil && err == nil {
			r.kept()
		}
	}
	select {
	case o.settled <- struct{}{}:
	default:
	}
	return len(messages)
}

// readerPatience is how long the reader of the events may do nothing after the end before it counts as gone.
const readerPatience = time.Second

// pump gives events to their reader until stop is closed and none is left, or the reader is gone.
func (o *output) pump(stop <-chan struct{}) {
	defer close(o.events)
	for {
		select {
		case <-o.told.ready:
			for _, e := range o.told.take() {
				if !o.give(e, stop) {
					return
				}
			}
		case <-stop:
			for _, e := range o.told.take() {
				if !o.give(e, stop) {
					return
				}
			}
			return
		}
	}
}

func (o *output) give(e Event, stop <-chan struct{}) bool {
	select {
	case o.events <- e:
		return true
	case <-stop:
	}
	select {
	case o.events <- e:
		return true
	case <-time.After(readerPatience):
		return false
	}
}
