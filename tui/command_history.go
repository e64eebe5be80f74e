// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/text"
)

const (
	screenful = 60  // messages that are there when a room opens
	pageSize  = 100 // messages that come when one reads on upwards
)

// loadFirst brings the last screenful of a room from the history, once, with what was never sent.
func (c *chat) loadFirst(r *room) tea.Cmd {
	if r.loaded || c.session.Archive == nil {
		return nil
	}
	r.loaded = true
	archive, community, read := c.session.Archive, c.community(r), r.read
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		entries, all, err := firstPage(ctx, archive, community, r.name, read)
		var unsent []rooms.Message
		if err == nil {
			unsent, err = archive.Unsent(ctx, community, r.name)
		}
		var marks map[rooms.MessageID]rooms.Position
		var fresh []history.Entry
		if err == nil {
			marks, fresh, err = freshThreads(ctx, archive, community, r.name)
		}
		return func(c *chat) tea.Cmd {
			after := r.after
			r.ready, r.after = true, nil
			if err != nil {
				return c.warn(c.say("chat.no_history", "why", c.reason(err)))
			}
			r.readFrom(entries)
			r.talk.Load(entries)
			for _, e := range entries {
				c.book.meet(rooms.Person{ID: e.Message.Sender, Name: e.Message.Name})
			}
			for _, m := range unsent {
				r.talk.Put(m)
			}
			r.talk.Bound(windowMost)
			r.talk.SetEarlier(!all)
			if read.IsZero() { // what was seen meanwhile is of this run: its threads were not looked at
				read = cmp.Or(r.left, r.read)
			}
			r.talk.ReadThreads(read, marks)
			r.talk.Learn(fresh...)
			r.marked = true
			c.recount(r, read)
			c.viewed()
			if after != nil {
				return tea.Batch(c.pictures(), after(c))
			}
			return c.pictures()
		}
	})
}

// community is what a room's history is kept under. Offline, the room itself says.
func (c *chat) community(r *room) rooms.UUID {
	if c.link.reading {
		return r.saved.Community
	}
	return c.server.Community
}

func (c *chat) commandHistory(argument string) tea.Cmd {
	verb, rest, _ := strings.Cut(argument, " ")
	rest = strings.TrimSpace(rest)
	r := c.book.current
	switch {
	case r == nil:
		return c.warn(c.say("composer.no_room"))
	case c.session.Archive == nil:
		return c.warn(c.say("history.none"))
	case verb == "load":
		return c.historyLoad(r, rest)
	case verb == "save" && rest != "":
		return c.historySave(r, rest)
	default:
		return c.wrong("history", argument)
	}
}

func (c *chat) historyLoad(r *room, what string) tea.Cmd {
	if what == "" {
		return c.loadOlder(r, pageSize, true)
	}
	if n, err := strconv.Atoi(what); err == nil && n > 0 {
		return c.loadOlder(r, n, true)
	}
	if what == "all" {
		return c.loadOlder(r, -1, true)
	}
	if date, ok := strings.CutPrefix(what, "since "); ok {
		return c.older(r, true, func(ctx context.Context, community rooms.UUID, before rooms.Position) ([]history.Entry, error) {
			return c.session.Archive.Since(ctx, community, r.name, before, strings.TrimSpace(date))
		}, -1)
	}
	return c.historyRead(r, what)
}

// loadOlder puts up to n older messages above what is shown; a negative n all. Only who asked is told that there
// is nothing more.
func (c *chat) loadOlder(r *room, n int, asked bool) tea.Cmd {
	return c.older(r, asked, func(ctx context.Context, community rooms.UUID, before rooms.Position) ([]history.Entry, error) {
		return c.session.Archive.Page(ctx, community, r.name, before, n)
	}, n)
}

type pageOf func(ctx context.Context, community rooms.UUID, before rooms.Position) ([]history.Entry, error)

// older fetches what lies before the oldest message and puts it above; the line being read stays where it is. What was
// asked for is held whole, however much it is.
func (c *chat) older(r *room, asked bool, page pageOf, n int) tea.Cmd {
	if r.loading {
		if asked {
			r.next = func(c *chat) tea.Cmd { return c.older(r, asked, page, n) }
		}
		return nil
	}
	before := r.talk.Oldest()
	return c.readPage(r, func(ctx context.Context, _ Archive, community rooms.UUID) ([]history.Entry, error) {
		return page(ctx, community, before)
	}, func(c *chat, entries []history.Entry) tea.Cmd {
		if asked {
			r.talk.Bound(max(r.talk.Bounded(), r.talk.Len()+len(entries)+windowMost))
		}
		added := r.talk.Load(entries)
		r.talk.SetEarlier(added > 0 && n >= 0 && len(entries) == n)
		c.markBeginning(r)
		switch {
		case !asked:
			r.talk.Trim()
			return nil
		case added == 0:
			return c.tell(c.say("history.nothing_older"))
		default:
			return c.tell(c.words.Count("history.loaded", added))
		}
	})
}

// markBeginning says at the upper end that nothing older is kept, if so.
func (c *chat) markBeginning(r *room) {
	if !r.talk.Earlier() {
		r.talk.Begins(c.say("history.beginning"))
	}
}

// historyRead reads back a file that was saved.
func (c *chat) historyRead(r *room, path string) tea.Cmd {
	archive, community := c.session.Archive, c.community(r)
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		n, err := archive.Import(ctx, community, r.name, onDisk(unescaped(path)))
		var entries []history.Entry
		if err == nil {
			entries, err = archive.Page(ctx, community, r.name, rooms.Position{}, -1)
		}
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("history.not_read", "file", text.Name(path), "why", c.fileReason(err)))
			}
			r.talk.Bound(r.talk.Len() + len(entries) + windowMost)
			r.talk.Load(entries)
			r.talk.SetEarlier(false)
			c.markBeginning(r)
			if n == 0 {
				return c.tell(c.say("history.nothing_new", "file", text.Name(filepath.Base(path))))
			}
			return c.tell(c.words.Count("history.read", n, "file", text.Name(filepath.Base(path))))
		}
	})
}

// fileReason says what is wrong with a file.
func (c *chat) fileReason(err error) string {
	switch {
	case errors.Is(err, fs.ErrExist):
		return c.say("file.exists")
	case errors.Is(err, fs.ErrNotExist):
		return c.say("file.missing")
	case errors.Is(err, fs.ErrPermission):
		return c.say("file.forbidden")
	default:
		return c.cause(err)
	}
}

func (c *chat) historySave(r *room, path string) tea.Cmd {
	archive, community := c.session.Archive, c.community(r)
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		n, err := archive.Export(ctx, community, r.name, unescaped(path))
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("history.not_saved", "file", text.Name(path), "why", c.fileReason(err)))
			}
			return c.tell(c.words.Count("history.saved", n, "file", text.Name(path)))
		}
	})
}
