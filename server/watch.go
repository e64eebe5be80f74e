// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kchat/server/genl"
)

// eventsWaiting is how many events wait for one watcher; what comes above that is counted and not told.
const eventsWaiting = 1024

// watchers are those who want to hear what happens. The kernel is asked only while there is one.
type watchers struct {
	switching sync.Mutex // held while the kernel is asked to tell, or not to tell any more

	mu  sync.Mutex // protects what follows
	all map[*watcher]struct{}
}

type watcher struct {
	events chan genl.Event
	lost   uint32 // under watchers.mu
}

// tell hands an event to all; it does not wait for any.
func (w *watchers) tell(e genl.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		told := e
		told.Lost += one.lost
		select {
		case one.events <- told:
			one.lost = 0
		default:
			one.lost++
		}
	}
}

// add and remove say how many there are then.
func (w *watchers) add(one *watcher) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[*watcher]struct{}{}
	}
	w.all[one] = struct{}{}
	return len(w.all)
}

func (w *watchers) remove(one *watcher) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, one)
	return len(w.all)
}

func (w *watchers) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all) > 0
}

// Watch calls began when the kernel tells what happens, then tell with each event, until ctx ends or one of both fails.
// It goes on when the microVM is started again.
func (r *Runner) Watch(ctx context.Context, began func() error, tell func(genl.Event) error) error {
	one := &watcher{events: make(chan genl.Event, eventsWaiting)}
	if err := r.watchOn(ctx, one); err != nil {
		return err
	}
	defer r.watchOff(one)
	if err := began(); err != nil {
		return err
	}
	for {
		select {
		case e := <-one.events:
			if err := tell(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) watchOn(ctx context.Context, one *watcher) error {
	r.watchers.switching.Lock()
	defer r.watchers.switching.Unlock()
	b := r.current()
	if b == nil {
		return errors.New("the server is being started again")
	}
	if r.watchers.add(one) > 1 {
		return nil
	}
	if err := b.watch(ctx, true); err != nil {
		r.watchers.remove(one)
		return fmt.Errorf("ask the module what happens: %w", err)
	}
	return nil
}

func (r *Runner) watchOff(one *watcher) {
	r.watchers.switching.Lock()
	defer r.watchers.switching.Unlock()
	if b := r.current(); r.watchers.remove(one) == 0 && b != nil {
		ctx, cancel := context.WithTimeout(context.Background(), r.cfg.patience(answerWait))
		defer cancel()
		if err := b.watch(ctx, false); err != nil {
			r.logs.Server.Warn("the kernel goes on telling what happens", "error", err)
		}
	}
}

// watchAgain asks a kernel that was just started, on behalf of those who watched the one before.
func (r *Runner) watchAgain(ctx context.Context, b backend) error {
	r.watchers.switching.Lock()
	defer r.watchers.switching.Unlock()
	if !r.watchers.any() {
		return nil
	}
	return b.watch(ctx, true)
}

// current is the kernel, or nil while none runs.
func (r *Runner) current() backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.backend
}
