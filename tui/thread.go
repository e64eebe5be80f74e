// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

const (
	// widthForThread is how wide the talk must be so that a thread stands beside it and not in its place.
	widthForThread = 96
	// threadMost is how many messages of a thread come from the history.
	threadMost = 1000
	// freshMost is how many threads with something new come from the history when a room is opened, and freshEach how many
	// messages of each. More are there when the thread is opened.
	freshMost, freshEach = 50, 100
)

// freshThreads is how far the threads of a room were looked at of which something was not, and what is in them.
func freshThreads(ctx context.Context, a Archive, community rooms.UUID, room string) (map[rooms.MessageID]rooms.Position, []history.Entry, error) {
	marks, err := a.ThreadMarks(ctx, community, room)
	if err != nil {
		return nil, nil, err
	}
	roots := slices.SortedFunc(maps.Keys(marks), func(x, y rooms.MessageID) int { return marks[y].Compare(marks[x]) })
	var fresh []history.Entry
	for _, root := range roots[:min(len(roots), freshMost)] {
		entries, err := a.Thread(ctx, community, room, root, freshEach)
		if err != nil {
			return nil, nil, err
		}
		fresh = append(fresh, entries...)
	}
	return marks, fresh, nil
}

// answerInThread opens the thread of the selected message; it begins with it if there is none.
func (c *chat) answerInThread() tea.Cmd {
	m := c.selected()
	if why := c.whyNotAnswer(m); why != "" && !c.link.reading {
		return c.warn(why)
	}
	return c.openThreadOf(m)
}

// openThreadOf opens the thread that a message is in or begins.
func (c *chat) openThreadOf(m *talk.Message) tea.Cmd {
	if m == nil {
		return nil
	}
	root := m.ID
	if m.InThread() {
		root = m.Thread
	}
	return c.openThread(root)
}

// openThread shows a thread, and makes the composer be for it.
func (c *chat) openThread(root rooms.MessageID) tea.Cmd {
	r := c.book.current
	if r == nil || c.aside.thread != nil && c.aside.thread.Root() == root {
		return nil
	}
	c.endSelection()
	c.leaveAside()
	cmd := c.stopTyping()
	c.aside.before = c.composer.value()
	c.aside.thread = r.talk.Open(root)
	c.composer.set(r.asides[root])
	c.popup.close()
	c.fit(c.lay.width, c.lay.height)
	c.viewed()
	archive, community := c.session.Archive, c.community(r)
	if archive == nil {
		return cmd
	}
	return tea.Batch(cmd, c.pictures(), c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		entries, err := archive.Thread(ctx, community, r.name, root, threadMost)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("chat.no_history", "why", c.reason(err)))
			}
			r.talk.Learn(entries...)
			c.viewed()
			return c.pictures()
		}
	}))
}

// closeThread goes back to the talk. What was written in either place is kept.
func (c *chat) closeThread() tea.Cmd {
	r, v := c.book.current, c.aside.thread
	if v == nil {
		return nil
	}
	cmd := c.stopTyping()
	if words := c.composer.value(); c.composer.empty() {
		delete(r.asides, v.Root())
	} else {
		r.asides[v.Root()] = words
	}
	c.aside.thread = nil
	r.talk.CloseThread()
	c.composer.set(c.aside.before)
	c.aside.before = ""
	c.popup.close()
	c.fit(c.lay.width, c.lay.height)
	c.viewed()
	return tea.Batch(cmd, c.pictures())
}

// covered reports whether the open thread stands in the place of the talk.
func (c *chat) covered() bool { return c.aside.thread != nil && c.lay.thread == c.lay.talk }

// lookedInThread reports whether the end of the open thread is being looked at.
func (c *chat) lookedInThread() bool {
	return c.aside.thread != nil && c.focused && !c.attention.idle && c.aside.thread.Following()
}

// inOpenThread reports whether a message has come into the open thread, before the eyes of its reader.
func (c *chat) inOpenThread(r *room, m rooms.Message) bool {
	return r == c.book.current && c.lookedInThread() && m.Thread == c.aside.thread.Root()
}

// sight is what is on the screen of the talk and may have pictures.
func (c *chat) sight(r *room) []*talk.Message {
	items := r.talk.Visible()
	if c.covered() {
		c.aside.thread.Draw()
		items = c.aside.thread.Visible()
	}
	out := make([]*talk.Message, 0, len(items))
	for _, item := range items {
		if m := talk.MessageOf(item); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// fitThread gives the open thread its part of the screen: beside the talk, or in its place.
func (c *chat) fitThread() {
	v, l := c.aside.thread, &c.lay
	l.thread = uv.Rectangle{}
	if v == nil {
		return
	}
	if l.talk.Dx() >= widthForThread {
		l.talk, l.thread = splitRight(l.talk, l.talk.Dx()/2)
		_, l.thread = splitLeft(l.thread, 1)
	} else {
		l.thread = l.talk
	}
	v.Beside(!c.covered())
	v.Sync()
	v.SetSize(l.thread.Dx(), max(1, l.thread.Dy()-1))
}

// drawThread draws the open thread: a row that says what it is, and its messages.
func (c *chat) drawThread(cv canvas) {
	v, area := c.aside.thread, c.lay.thread
	if v == nil || area.Empty() {
		return
	}
	if !c.covered() {
		line := make([]string, area.Dy())
		for i := range line {
			line[i] = c.st.Border.Render(c.st.Glyphs.Vertical)
		}
		cv.put(uv.Rect(area.Min.X-1, area.Min.Y, 1, area.Dy()), line)
	}
	r := c.book.current
	title := c.say("thread.title")
	if n := r.talk.Thread(v.Root()).Count(); n > 0 {
		title += " " + c.st.Glyphs.Bullet + " " + c.words.Count("thread.replies", n)
	}
	head := "  " + c.st.Title.Render(text.Truncate(title, area.Dx()-4))
	if r.talk.Message(v.Root()) == nil {
		head += c.st.Faint.Render(text.Truncate("  "+c.say("thread.no_root"), max(0, area.Dx()-4-text.Width(title))))
	}
	cv.put(area, append([]string{text.Pad(head, area.Dx())}, v.Draw()...))
}

// threads is the list of a room's threads, those with something unread first.
type threads struct {
	room *room
	at   int
	all  []*talk.Thread
}

func (c *chat) openThreads() tea.Cmd {
	r := c.book.current
	if r == nil {
		return c.warn(c.say("composer.no_room"))
	}
	t := &threads{room: r}
	for _, unread := range []bool{true, false} {
		for _, th := range r.talk.Threads() {
			if (th.Unread(c.me.ID) > 0) == unread {
				t.all = append(t.all, th)
			}
		}
	}
	if len(t.all) == 0 {
		return c.tell(c.say("thread.none"))
	}
	c.dialogs.push(t)
	return t.learn(c)
}

// learn asks the history for the beginnings that lie above what is loaded.
func (t *threads) learn(c *chat) tea.Cmd {
	archive, community, r := c.session.Archive, c.community(t.room), t.room
	var missing []rooms.MessageID
	for _, th := range t.all {
		if r.talk.Message(th.Root) == nil {
			missing = append(missing, th.Root)
		}
	}
	if archive == nil || len(missing) == 0 {
		return nil
	}
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		var found []history.Entry
		for _, id := range missing {
			if e, here, err := archive.Message(ctx, community, r.name, id); err == nil && here {
				found = append(found, e)
			}
		}
		return func(*chat) tea.Cmd {
			r.talk.Learn(found...)
			return nil
		}
	})
}

func (t *threads) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch latin(msg).String() {
	case "up", "k", "shift+tab":
		t.at = max(0, t.at-1)
	case "down", "j", "tab":
		t.at = min(t.at+1, len(t.all)-1)
	case "enter":
		return t.open(c)
	case "a":
		t.room.talk.ReadAllThreads()
		return true, c.saveSoon()
	case "esc", "q", "ctrl+c", "alt+t":
		return true, nil
	}
	return false, nil
}

func (t *threads) open(c *chat) (bool, tea.Cmd) {
	if c.book.current != t.room {
		return true, nil
	}
	return true, c.openThread(t.all[t.at].Root)
}

func (t *threads) scroll(rows int) { t.at = min(max(0, t.at+sign(rows)), len(t.all)-1) }

func (t *threads) click(c *chat, _, y int) (bool, tea.Cmd) {
	if i := t.first(threadsShown) + (y-1)/2; y >= 1 && i < len(t.all) {
		t.at = i
		return t.open(c)
	}
	return false, nil
}

// threadsShown is how many threads the list shows at most at once.
const threadsShown = 8

func (t *threads) first(shown int) int { return max(0, min(t.at-shown/2, len(t.all)-shown)) }

func (t *threads) draw(c *chat, width, _ int) (string, []string, *tea.Cursor) {
	st, rows := c.st, []string{""}
	first := t.first(threadsShown)
	for i := first; i < min(len(t.all), first+threadsShown); i++ {
		th, last := t.all[i], t.all[i].Last()
		mark, style := "  ", st.Text
		if i == t.at {
			mark, style = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected
		}
		words := c.say("talk.not_here")
		if m := t.room.talk.Message(th.Root); m != nil {
			words = m.AuthorName() + ": " + m.Excerpt(c.look)
		}
		rows = append(rows, mark+style.Render(text.Truncate(words, width-2)))
		about := c.words.Count("thread.replies", th.Count()) + " " + st.Glyphs.Bullet + " " +
			c.say("thread.last", "name", last.AuthorName(), "time", last.Time.In(c.cfg.Zone).Format("15:04"))
		row := "  " + st.Muted.Render(text.Truncate(about, width-2))
		if n := th.Unread(c.me.ID); n > 0 {
			row += st.Badge.Render(" " + st.Glyphs.Bullet + " " + c.say("thread.new", "n", n))
		}
		rows = append(rows, text.Truncate(row, width))
	}
	if slices.ContainsFunc(t.all, func(th *talk.Thread) bool { return th.Unread(c.me.ID) > 0 }) {
		rows = append(rows, "", "  "+st.Key.Render("a")+" "+st.Muted.Render(c.say("thread.read_all")))
	}
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	return c.say("thread.list", "room", c.book.title(t.room)), append(rows, ""), nil
}
