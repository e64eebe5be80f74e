// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
)

const (
	// hitsFirst is how many hits make a screen full: they are shown before more are looked for.
	hitsFirst = 50
	// hitsEvery is how often hits come to the screen after that.
	hitsEvery = 50 * time.Millisecond
	// hitsAround is how many hits on either side of the chosen one are held, and hitsNear how many of them are there before
	// one gets to them. Of the others it is only known which messages they are.
	hitsAround, hitsNear = 300, 150
	// othersMost is how many hits in other rooms are counted, when one room is searched.
	othersMost = 999
)

// searchRun looks for one query in a goroutine of its own.
type searchRun struct {
	of      *search
	query   history.Query
	wide    *history.Query // the same in all rooms, where one is searched; nil: all are
	archive Archive
	cancel  context.CancelFunc
}

// hitsMsg brings hits to the screen.
type hitsMsg struct {
	from  *searchRun
	refs  []history.Ref
	read  int           // how many of refs were read: the first ones
	hits  []history.Hit // what was read
	first bool          // what was found before for another query goes
	all   bool          // no more hits come
	err   error         // with all

	others int  // with all: hits in other rooms
	end    bool // of the run
}

// do looks until all is found, or something else is looked for.
func (run *searchRun) do(ctx context.Context, send func(tea.Msg)) {
	msg, found := run.hits(ctx, send)
	if run.wide != nil && msg.err == nil {
		send(msg) // they need not wait for what is only counted
		msg = hitsMsg{from: run, all: true}
		msg.others, msg.err = run.elsewhere(ctx, found)
	}
	msg.end = true
	send(msg)
}

// hits sends hits as they are found but for the last ones, and counts them.
func (run *searchRun) hits(ctx context.Context, send func(tea.Msg)) (msg hitsMsg, found int) {
	msg, last := hitsMsg{from: run, first: true}, time.Now()
	var unread error
	err := run.archive.Find(ctx, run.query, func(refs []history.Ref) bool {
		msg.refs = append(msg.refs, refs...)
		found += len(refs)
		if len(msg.refs) >= hitsFirst && msg.first || time.Since(last) >= hitsEvery {
			if unread = run.readFirst(ctx, &msg); unread != nil {
				return false
			}
			send(msg)
			msg, last = hitsMsg{from: run}, time.Now()
		}
		return true
	})
	if err = errors.Join(err, unread); err == nil {
		err = run.readFirst(ctx, &msg)
	}
	msg.all, msg.err = true, unlessCancelled(err)
	return msg, found
}

// elsewhere counts the hits in other rooms than the one with so many.
func (run *searchRun) elsewhere(ctx context.Context, here int) (others int, err error) {
	all := 0
	err = run.archive.Find(ctx, *run.wide, func(refs []history.Ref) bool {
		all += len(refs)
		return all <= here+othersMost
	})
	if err != nil {
		return 0, unlessCancelled(err)
	}
	return min(max(0, all-here), othersMost+1), nil
}

// unlessCancelled is an error that is not that something else is looked for now.
func unlessCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// readFirst reads the first screen full, so that it comes with its words.
func (run *searchRun) readFirst(ctx context.Context, msg *hitsMsg) (err error) {
	if !msg.first {
		return nil
	}
	n := min(len(msg.refs), hitsFirst)
	if msg.hits, err = run.archive.Hits(ctx, run.query, msg.refs[:n]); err == nil {
		msg.read = n
	}
	return err
}

// hit is the i-th hit, if it has been read.
func (s *search) hit(i int) (history.Hit, bool) {
	if i < 0 || i >= len(s.refs) {
		return history.Hit{}, false
	}
	h, ok := s.held[s.refs[i]]
	return h, ok
}

// around are the hits so far from the chosen one at most.
func (s *search) around(far int) []history.Ref {
	return s.refs[max(0, min(s.at-far, len(s.refs))):max(0, min(s.at+far+1, len(s.refs)))]
}

// hitsDue reads the hits that one comes close to.
func (c *chat) hitsDue() tea.Cmd {
	s := c.search
	if s == nil || s.reading || s.err != nil || !slices.ContainsFunc(s.around(hitsNear), s.isUnread) {
		return nil
	}
	var due []history.Ref
	for _, ref := range s.around(hitsAround) {
		if s.isUnread(ref) {
			due = append(due, ref)
		}
	}
	s.reading = true
	archive, q, turn := c.session.Archive, s.query, s.turn
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		hits, err := archive.Hits(ctx, q, due)
		return func(c *chat) tea.Cmd {
			s.reading = false
			if s.turn != turn {
				return nil
			}
			if s.err = err; err != nil {
				return nil
			}
			s.hold(due, hits)
			if s.going && c.search == s {
				return s.goTo(c)
			}
			return nil
		}
	})
}

func (s *search) isUnread(ref history.Ref) bool {
	_, read := s.held[ref]
	return !read
}

// hold keeps hits that were asked for, and lets those go that are far from the chosen one. What did not come is no hit any
// more.
func (s *search) hold(asked []history.Ref, came []history.Hit) {
	for _, h := range came {
		s.held[h.Ref] = h
	}
	if len(came) < len(asked) {
		gone := map[history.Ref]bool{}
		for _, ref := range asked {
			gone[ref] = s.isUnread(ref)
		}
		before := 0
		for _, ref := range s.refs[:min(s.at, len(s.refs))] {
			if gone[ref] {
				before++
			}
		}
		s.refs = slices.DeleteFunc(s.refs, func(ref history.Ref) bool { return gone[ref] })
		s.at = max(0, min(s.at-before, len(s.refs)-1))
	}
	if len(s.held) > 2*(2*hitsAround+1) {
		held := make(map[history.Ref]history.Hit, 2*hitsAround+1)
		for _, ref := range s.around(hitsAround) {
			if h, read := s.held[ref]; read {
				held[ref] = h
			}
		}
		s.held = held
	}
}
