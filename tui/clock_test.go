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
	timer := &fakeTimer{at: c.now.Add(d), rings: make(chan time.Time, 1)}
	c.timers = append(c.timers, timer)
	return func() tea.Msg {
		select {
		case now := <-timer.rings:
			return do(now)
		case <-c.over:
			return nil
		}
	}
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t *fakeTimer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.rings <- c.now
		return true
	})
}

// pass lets time pass, after the program has done what was asked of it before.
func (s *stage) pass(d time.Duration) {
	s.t.Helper()
	s.settle()
	s.clock.add(d)
}
