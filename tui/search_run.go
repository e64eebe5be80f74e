// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
)

const (
	// hitsMost is how many hits a search holds: beyond them one more word finds sooner.
	hitsMost = 10_000
	// hitsFirst is how many hits make a screen full: they are shown before more are looked for.
	hitsFirst = 50
	// hitsEvery is how often hits come to the screen after that.
	hitsEvery = 50 * time.Millisecond
)

// searchRun looks for one query in a goroutine of its own.
type searchRun struct {
	of        *search
	query     history.Query
	archive   Archive
	community rooms.UUID // zero: of any
	cancel    context.CancelFunc
}

// hitsMsg brings hits to the screen.
type hitsMsg struct {
	from  *searchRun
	hits  []history.Hit
	first bool // what was found before for another query goes
	end   bool
	more  bool // there are more
	err   error
}

// do looks until all is found, or too much, or something else is looked for.
func (run *searchRun) do(ctx context.Context, send func(tea.Msg)) {
	var hits []history.Hit
	all, first, last := 0, true, time.Now()
	more := false
	err := run.archive.Search(ctx, run.query, func(h history.Hit) bool {
		if run.community != (rooms.UUID{}) && h.Message.Community != run.community {
			return true
		}
		if all == hitsMost {
			more = true
			return false
		}
		all++
		hits = append(hits, h)
		if len(hits) >= hitsFirst && first || time.Since(last) >= hitsEvery {
			send(hitsMsg{from: run, hits: hits, first: first})
			hits, first, last = nil, false, time.Now()
		}
		return true
	})
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	send(hitsMsg{from: run, hits: hits, first: first, end: true, more: more, err: err})
}
