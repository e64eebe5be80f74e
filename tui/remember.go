// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

// What is to be found again at the next start: which rooms are open, how far they and their threads were read, drafts.

const (
	// draftAfter is how long a draft may lie unsaved after a key. With the time of writing it is what a kill or a power cut
	// can cost; docs/history.md promises one second.
	draftAfter = 500 * time.Millisecond
	// rememberAgain is how long to wait after drafts and read marks could not be kept, as on a full disk.
	rememberAgain = 15 * time.Second
)

// memory is what is being remembered, and what of it failed.
type memory struct {
	keeping *remembering // nil: nothing is being kept
	again   bool         // something changed meanwhile
	saving  bool         // the draft will be remembered soon
	notYet  time.Time    // not to be tried before, since it failed
}

// remembering is what the history is asked to keep, one at a time, so that none overtakes another.
type remembering struct {
	rooms []SavedRoom
	ended chan struct{} // closed when it is kept, or was not
	err   error         // to be read after that
}

// keep keeps it.
func (k *remembering) keep(ctx context.Context, archive Archive) error {
	defer close(k.ended)
	k.err = archive.Remember(ctx, k.rooms...)
	return k.err
}

// remember keeps what changed about the rooms.
func (c *chat) remember() tea.Cmd {
	if c.session.Archive == nil || c.link.reading || c.cfg.Clock().Before(c.memory.notYet) {
		return nil
	}
	if c.memory.again = c.memory.keeping != nil; c.memory.again {
		return nil
	}
	changed := c.changes()
	if len(changed) == 0 {
		return nil
	}
	k := &remembering{rooms: changed, ended: make(chan struct{})}
	c.memory.keeping = k
	archive := c.session.Archive
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		_ = k.keep(ctx, archive) // it is looked at when it has ended
		return (*chat).remembered
	})
}

// remembered is when something was kept, or could not be.
func (c *chat) remembered() tea.Cmd {
	k := c.memory.keeping
	if c.memory.keeping = nil; k == nil {
		return nil
	}
	if k.err == nil {
		if c.memory.again {
			return c.remember()
		}
		return nil
	}
	c.memory.notYet = c.cfg.Clock().Add(rememberAgain)
	c.forget(k)
	return c.warn(c.say("chat.not_remembered", "why", c.cause(k.err)))
}

// forget lets what could not be kept count as changed.
func (c *chat) forget(k *remembering) {
	for _, s := range k.rooms {
		if r := c.book.find(s.Name); r != nil {
			r.saved = SavedRoom{}
		}
	}
}

// saveSoon remembers the draft a moment after the first key, so that nothing but that moment can be lost.
func (c *chat) saveSoon() tea.Cmd {
	r := c.book.current
	if c.memory.saving || r == nil || c.draft() == r.saved.Draft {
		return nil
	}
	c.memory.saving = true
	return c.cfg.Tick(draftAfter, func(time.Time) tea.Msg { return draftMsg{c} })
}

// keepAll keeps what changed last, behind what is being kept.
func (c *chat) keepAll() tea.Cmd {
	if c.session.Archive == nil || c.link.reading {
		return nil
	}
	archive, before, changed := c.session.Archive, c.memory.keeping, c.changes()
	return ask(func(ctx context.Context) tea.Msg {
		if err := keepLast(ctx, archive, before, changed); err != nil {
			return leaveMsg{err}
		}
		return nil
	})
}

// keepLast waits for what is being kept and keeps the rest, and also the former if that failed.
func keepLast(ctx context.Context, archive Archive, before *remembering, changed []SavedRoom) error {
	if before != nil {
		select {
		case <-before.ended:
			if before.err != nil {
				changed = append(slices.Clone(before.rooms), changed...)
			}
		case <-ctx.Done():
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := archive.Remember(ctx, changed...); err != nil {
		return fmt.Errorf("saving the drafts: %w", err)
	}
	return nil
}

// changes returns what must be remembered and was not yet.
func (c *chat) changes() []SavedRoom {
	if r := c.book.current; r != nil {
		r.draft = c.draft()
	}
	var changed []SavedRoom
	for _, r := range c.book.rooms {
		if r.visit || !c.link.ever {
			continue
		}
		was, now := r.saved, r.memory(c.server.Community)
		if now == was {
			continue
		}
		r.saved = now
		if now.Threads == was.Threads {
			now.Threads = nil
		}
		changed = append(changed, now)
	}
	return changed
}
