// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// fakeClock is the time of the program. It stands still unless the test moves it.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*fakeTimer
	over   chan struct{} // closed when the test ends
}

type fakeTimer struct {
	at    time.Time
	rings chan time.Time
	heard chan struct{} // closed when the program gets what it brings
}

// ticked is what a timer brings, on its way to the program.
type ticked struct {
	msg   tea.Msg
	heard chan struct{}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Tick is tea.Tick by this clock. The wait begins at once, not when the command runs.
func (c *fakeClock) Tick(d time.Duration, do func(time.Time) tea.Msg) tea.Cmd {
	c.mu.Lock()
	defer c.mu.Unlock()
	timer := &fakeTimer{at: c.now.Add(d), rings: make(chan time.Time, 1), heard: make(chan struct{})}
	c.timers = append(c.timers, timer)
	return func() tea.Msg {
		select {
		case now := <-timer.rings:
			return ticked{do(now), timer.heard}
		case <-c.over:
			return nil
		}
	}
}

// add moves the time and returns the timers that ring by then.
func (c *fakeClock) add(d time.Duration) (rung []*fakeTimer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t *fakeTimer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.rings <- c.now
		rung = append(rung, t)
		return true
	})
	return rung
}

// pass lets time pass, after the program has done what was asked of it before, and waits until it hears what was to
// happen by then.
func (s *stage) pass(d time.Duration) {
	s.t.Helper()
	s.settle()
	late := time.After(patience)
	for _, timer := range s.clock.add(d) {
		select {
		case <-timer.heard:
		case <-s.over:
			return
		case <-late:
			s.t.Fatalf("what was to happen at %v does not", timer.at)
		}
	}
}
