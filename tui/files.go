// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/dustin/go-humanize"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
	"kchat/wire"
)

// fetchAfter is how long the client has to bring the blob of a new message by itself before the screen asks for it.
const fetchAfter = 10 * time.Second

func (c *chat) commandSendFile(path string) tea.Cmd {
	return c.sendFile("send-file", path, rooms.StreamFile)
}

// attachment returns the one that is meant: that of the selected message, or the newest of which fits holds.
func (c *chat) attachment(fits func(m *talk.Message, p *talk.Picture) bool) *talk.Message {
	if m := c.selected(); m != nil {
		if m.Picture() != nil && fits(m, m.Picture()) {
			return m
		}
		return nil
	}
	var found *talk.Message
	if r := c.book.current; r != nil {
		r.talk.Attachments(func(m *talk.Message, p *talk.Picture) bool {
			if fits(m, p) {
				found = m
			}
			return found == nil
		})
	}
	return found
}

// canTake reports whether an attachment can be asked for.
func canTake(_ *talk.Message, p *talk.Picture) bool {
	switch p.Standing() {
	case talk.Large, talk.Declined, talk.Partly, talk.Missing, talk.Damaged, talk.Stopped:
		return !p.Moving()
	}
	return false
}

// canStop reports whether an attachment is on its way, or could be.
func canStop(_ *talk.Message, p *talk.Picture) bool {
	switch p.Standing() {
	case talk.Large, talk.Asked, talk.Partly, talk.Damaged:
		return true
	}
	return p.Moving() || p.Live() && p.Attached.Hash.IsZero()
}

func isHere(_ *talk.Message, p *talk.Picture) bool { return p.Standing() == talk.Here && !p.Moving() }

func isSaved(_ *talk.Message, p *talk.Picture) bool { return p.Saved() != "" }

func (c *chat) commandAccept(string) tea.Cmd { return c.takeFile() }
func (c *chat) commandCancel(string) tea.Cmd { return c.stopFile() }
func (c *chat) commandSave(string) tea.Cmd   { return c.saveFile() }
func (c *chat) commandKeep(string) tea.Cmd   { return c.keepFile() }

// takeFile asks for what was not taken by itself, or was interrupted.
func (c *chat) takeFile() tea.Cmd {
	m := c.attachment(canTake)
	if m == nil {
		return c.warn(c.say("file.nothing_to_take"))
	}
	if m.Picture().Live() {
		return c.takeLive(m)
	}
	if !c.link.online || c.closed() {
		return c.warn(c.say("file.nobody"))
	}
	m.Picture().SetStanding(talk.Asked)
	return c.fetch(c.book.current, m)
}

// stopFile ends what is on its way, in whichever direction, or declines what is offered.
func (c *chat) stopFile() tea.Cmd {
	m := c.attachment(canStop)
	if m == nil && c.stopPreparing() {
		return nil
	}
	if m != nil && m.Picture().Live() {
		return c.stopLive(m)
	}
	if m == nil {
		return c.warn(c.say("file.nothing_to_stop"))
	}
	p, r, client, files := m.Picture(), c.book.current, c.session.Client, c.cfg.Files
	if p.Standing() == talk.Large {
		p.SetStanding(talk.Declined)
		return nil
	}
	coming := !p.Outgoing()
	p.SetStanding(talk.Stopped)
	hash := p.Attached.Hash
	if client == nil {
		return nil
	}
	return func() tea.Msg {
		client.StopBlob(r.name, hash)
		if coming && files != nil {
			files.Drop(hash)
		}
		return nil
	}
}

// saveFile saves what is attached into the download folder.
func (c *chat) saveFile() tea.Cmd {
	m := c.attachment(isHere)
	if m == nil {
		return c.warn(c.say("file.nothing_to_save"))
	}
	return c.save(m.Picture())
}

// save copies the bytes into the download folder under a name that is fit for it.
func (c *chat) save(p *talk.Picture) tea.Cmd {
	files, hash, name := c.cfg.Files, p.Attached.Hash, p.Attached.Name
	if files == nil {
		return nil
	}
	return func() tea.Msg {
		path, err := files.Save(context.Background(), hash, name) // a large one may take long
		return applyMsg{c, func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("file.not_saved", "file", text.Name(name), "why", c.cause(err)))
			}
			p.SetSaved(path)
			return c.tell(c.say("file.saved", "path", text.Line(path)))
		}}
	}
}

// copyFolder copies the folder in which the attachment was saved.
func (c *chat) copyFolder() tea.Cmd {
	if m := c.selected(); m != nil && m.Picture() == nil {
		return c.openLink() // the same key, and nothing that could be saved
	}
	m := c.attachment(isSaved)
	if m == nil {
		return c.warn(c.say("file.nothing_saved"))
	}
	folder := filepath.Dir(m.Picture().Saved())
	c.endSelection()
	return tea.Batch(tea.SetClipboard(folder), c.tell(c.say("file.folder_copied", "path", text.Line(folder))))
}

// keepFile keeps the bytes from being evicted, or lets them be.
func (c *chat) keepFile() tea.Cmd {
	m := c.attachment(func(_ *talk.Message, p *talk.Picture) bool { return p.Standing() != talk.Unknown })
	if m == nil || c.cfg.Files == nil {
		return c.warn(c.say("file.nothing_to_keep"))
	}
	return c.setKept(m.Picture())
}

// setKept keeps the bytes of an attachment from being evicted, or lets them be when they are kept.
func (c *chat) setKept(p *talk.Picture) tea.Cmd {
	files, hash, kept := c.cfg.Files, p.Attached.Hash, !p.Kept()
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		err := files.Keep(hash, kept)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.cause(err))
			}
			p.SetKept(kept) // it may stand in no talk
			for _, p := range c.book.pictures(hash) {
				p.SetKept(kept)
			}
			if kept {
				return c.tell(c.say("file.is_kept", "file", p.Attached.Name))
			}
			return c.tell(c.say("file.not_kept", "file", p.Attached.Name))
		}
	})
}

// lookFor finds out where the bytes of an attachment are, and goes on with what was interrupted.
func (c *chat) lookFor(r *room, m *talk.Message) tea.Cmd {
	p, files := m.Picture(), c.cfg.Files
	if files == nil || p.Standing() != talk.Unknown || p.Looked() {
		return nil
	}
	hash := p.Attached.Hash
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		found := files.Look(hash)
		return func(c *chat) tea.Cmd {
			p.SetKept(found.Kept)
			if p.Standing() != talk.Unknown || p.Moving() {
				return nil
			}
			switch {
			case found.Here:
				p.SetStanding(talk.Here)
				return c.lookAtVideos()
			case found.Part > 0 && p.Attached.Size > 0:
				p.SetPart(float64(found.Part) / float64(p.Attached.Size))
				return c.fetch(r, m)
			case m.Sender != c.me.ID && p.Attached.Size > c.cfg.AskAbove:
				p.SetStanding(talk.Large)
				return c.offered(m)
			case p.IsFile() && c.cfg.Clock().Sub(m.Time) > fetchAfter:
				p.SetStanding(talk.Missing)
			default:
				p.SetStanding(talk.Asked) // the client asks for it by itself, or the screen when it is shown
			}
			return nil
		}
	})
}

// offered says that somebody has sent something large, when that has just happened.
func (c *chat) offered(m *talk.Message) tea.Cmd {
	if c.cfg.Clock().Sub(m.Time) > fetchAfter {
		return nil
	}
	size := humanize.IBytes(m.Picture().Attached.Size)
	return c.tell(c.say("file.offered", "name", text.Name(m.Name), "file", m.Picture().Attached.Name, "size", size))
}

// fetch asks for what others have. What is on its way already needs no asking.
func (c *chat) fetch(r *room, m *talk.Message) tea.Cmd {
	p, hash := m.Picture(), m.Picture().Attached.Hash
	if p.Moving() || !c.link.online || c.closed() || m.Pos.IsZero() {
		return nil
	}
	r.wanted[hash] = true
	client, att := c.session.Client, *m.Attached
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.Fetch(ctx, r.name, att)
		return func(*chat) tea.Cmd {
			switch {
			case err == nil:
			case p.Standing() == talk.Asked:
				p.SetStanding(talk.Missing)
				return c.warn(c.say("picture.failed", "why", c.reason(err)))
			default:
				p.SetDone(c.reason(err))
			}
			return nil
		}
	})
}

// fetchOnce asks for a picture that is shown and not here, when the client does not do so by itself: one of the saved
// talk, or of before one came.
func (c *chat) fetchOnce(r *room, m *talk.Message) tea.Cmd {
	p := m.Picture()
	fresh := !m.Backfill && c.cfg.Clock().Sub(m.Time) < fetchAfter
	switch {
	case r.wanted[p.Attached.Hash] || fresh || p.Standing() == talk.Declined || p.Standing() == talk.Stopped:
		return nil
	case p.Attached.Size > c.cfg.AskAbove && c.cfg.Files != nil:
		return nil
	}
	return c.fetch(r, m)
}

// transfer shows how far a blob is.
func (c *chat) transfer(t rooms.Transfer) {
	c.eachPicture(t, func(p *talk.Picture) { p.Move(t) })
}

func (c *chat) transferEnded(ev rooms.TransferEnded) tea.Cmd {
	if c.videoTransferEnded(ev) {
		return c.pictures()
	}
	var cmds []tea.Cmd
	c.eachPicture(ev.Transfer, func(p *talk.Picture) {
		why := c.standingAfter(ev, p)
		p.SetStanding(why)
		switch {
		case why == talk.Partly:
			p.SetPart(p.Progress())
		case why == talk.Missing:
			p.SetDone(c.reason(ev.Err))
		case why == talk.Here && !ev.Transfer.Outgoing && p.IsFile() && p.Saved() == "" && len(cmds) == 0:
			cmds = append(cmds, c.save(p))
		}
	})
	return tea.Batch(append(cmds, c.pictures())...)
}

// standingAfter says where the bytes of an attachment are when a transfer of it has ended.
func (c *chat) standingAfter(ev rooms.TransferEnded, p *talk.Picture) talk.Standing {
	cancelled := errors.Is(ev.Err, wire.ErrCancelled)
	switch {
	case ev.Transfer.Outgoing && cancelled && p.Standing() != talk.Stopped && ev.Transfer.Takers == 0:
		return talk.Untaken
	case cancelled:
		return talk.Stopped
	case ev.Err == nil || ev.Transfer.Outgoing:
		return talk.Here
	case errors.Is(ev.Err, wire.ErrStreamHash):
		return talk.Damaged
	case errors.Is(ev.Err, rooms.ErrElsewhere):
		return talk.Asked
	case errors.Is(ev.Err, rooms.ErrKeeping):
		return talk.Missing
	}
	return talk.Partly
}

// eachPicture finds the pictures that a transfer is of.
func (c *chat) eachPicture(t rooms.Transfer, do func(p *talk.Picture)) {
	r := c.book.find(t.Room)
	if r == nil {
		return
	}
	for _, p := range r.talk.Pictures(t.Attached.Hash) {
		do(p)
	}
}

// pictures returns the attachments with a hash, in all rooms.
func (b *book) pictures(hash rooms.Hash) []*talk.Picture {
	var out []*talk.Picture
	for _, r := range b.rooms {
		out = append(out, r.talk.Pictures(hash)...)
	}
	return out
}
