// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/notify"
	"kchat/tui/text"
)

// The rules for what is to be noticed of a room.
const (
	notifyUsual    uint8 = iota // all that is said in a room of two, mentions in others
	notifyAll                   // all that is said
	notifyMentions              // that in which we are meant
	notifyNone                  // nothing
)

const (
	// alertGap is the least time between two notifications, and between two bells. What comes meanwhile is one.
	alertGap = 5 * time.Second
	// looksAway is how long no key came when somebody counts as looking elsewhere, on a terminal that does not tell
	// when it has the focus.
	looksAway = time.Minute
	// alertRooms is how many rooms a notification of many messages names.
	alertRooms = 3
)

// alert is one thing that somebody who looks elsewhere is to know.
type alert struct {
	room string // its title
	from string // who said it; empty: nobody said anything
	note notify.Note
}

// alerts are what was not told yet, and when something was told last.
type alerts struct {
	last   alert
	rooms  []string // in the order in which they began
	counts map[string]int
	at     time.Time // of the last notification
	rung   time.Time // the bell
	due    bool      // the next notification is coming
	shown  bool      // one is to be seen, as far as we know
}

// alertMsg says that it is time for the next notification.
type alertMsg struct{ to *chat }

func (a *alerts) add(next alert) {
	if a.counts == nil {
		a.counts = make(map[string]int)
	}
	if a.counts[next.room]++; a.counts[next.room] == 1 {
		a.rooms = append(a.rooms, next.room)
	}
	a.last = next
}

func (a *alerts) clear() { a.rooms, a.counts, a.last = nil, nil, alert{} }

// rule is what is to be noticed of a room, with what is usual put in.
func (r *room) rule() uint8 {
	if r.wants.notify != notifyUsual {
		return r.wants.notify
	}
	if _, _, direct := r.direct(); direct {
		return notifyAll
	}
	return notifyMentions
}

// wanting is how many unread messages of a room its rule takes note of.
func (r *room) wanting() int {
	switch r.rule() {
	case notifyAll:
		return r.unread
	case notifyMentions:
		return r.mentions
	default:
		return 0
	}
}

// wanting is how many unread messages are to be noticed. It stands in the title of the window.
func (b *book) wanting() (n int) {
	for _, r := range b.rooms {
		n += r.wanting()
	}
	return n
}

// elsewhere reports whether nobody is looking at the screen: the terminal has lost the focus, or no key has come for
// long. A terminal that does not tell of its focus is taken to be looked at for a minute after each key.
func (c *chat) elsewhere() bool {
	switch {
	case !c.focused, c.attention.idle:
		return true
	case c.notice == nil || !c.notice.TellsFocus():
		return c.cfg.Clock().Sub(c.attention.last) >= looksAway
	default:
		return false
	}
}

// notices takes a message that has just been said, if its room's rule asks for that.
func (c *chat) notices(r *room, m rooms.Message) tea.Cmd {
	rule := r.rule()
	if rule == notifyNone || (rule == notifyMentions && !c.mentionsMe(m)) {
		return nil
	}
	name := text.Name(m.Name)
	title := name
	if _, _, direct := r.direct(); !direct {
		title = c.say("notice.title", "name", name, "room", c.book.title(r))
	}
	words := text.Line(m.Text)
	switch {
	case c.cfg.HideWords:
		words = ""
	case words == "" && m.Attached != nil:
		words = text.Line(m.Attached.Name)
	}
	return c.alert(alert{room: c.book.title(r), from: name, note: notify.Note{Title: title, Body: words}})
}

// called is for what happened now and once, such as that somebody has come: it also rings for who sits here.
func (c *chat) called(r *room, words string) tea.Cmd {
	if c.quiet() || (r != nil && r.rule() == notifyNone) {
		return nil
	}
	title := "kchat"
	if r != nil {
		title = c.book.title(r)
	}
	told := c.alert(alert{room: title, note: notify.Note{Title: words}})
	if c.elsewhere() && c.notice != nil && c.notice.Method() == notify.Bell {
		return told // that is a bell already
	}
	return tea.Batch(c.ring(), told)
}

// ring rings the bell, not too often: who comes and goes and comes would ring it for ever.
func (c *chat) ring() tea.Cmd {
	now := c.cfg.Clock()
	if c.cfg.Notify == notify.Off || (!c.alerts.rung.IsZero() && now.Sub(c.alerts.rung) < alertGap) {
		return nil
	}
	c.alerts.rung = now
	return bell()
}

// alert tells somebody who looks elsewhere: at once, or with all else that comes before it is time again.
func (c *chat) alert(next alert) tea.Cmd {
	if c.quiet() || c.cfg.Notify == notify.Off || !c.elsewhere() {
		return nil
	}
	c.alerts.add(next)
	if c.alerts.due {
		return nil
	}
	wait := c.alerts.at.Add(alertGap).Sub(c.cfg.Clock())
	if c.alerts.at.IsZero() || wait <= 0 {
		return c.tellAlerts()
	}
	c.alerts.due = true
	return c.cfg.Tick(wait, func(time.Time) tea.Msg { return alertMsg{c} })
}

// alertDue tells what has come since the last notification, if still nobody looks.
func (c *chat) alertDue() tea.Cmd {
	c.alerts.due = false
	if len(c.alerts.rooms) == 0 || c.quiet() || !c.elsewhere() {
		c.alerts.clear()
		return nil
	}
	return c.tellAlerts()
}

// tellAlerts makes one notification of all that was not told yet.
func (c *chat) tellAlerts() tea.Cmd {
	note := c.alertNote()
	c.alerts.clear()
	c.alerts.at, c.alerts.shown = c.cfg.Clock(), true
	switch {
	case c.notice == nil:
		return bell()
	case c.notice.Method() == notify.DBus:
		return c.tellDesktop(note)
	default:
		return raw(c.notice.Sequence(note))
	}
}

// alertNote is the last thing that happened, or how much has.
func (c *chat) alertNote() notify.Note {
	a, n := &c.alerts, 0
	for _, count := range a.counts {
		n += count
	}
	if n == 1 {
		return a.last.note
	}
	if len(a.rooms) == 1 {
		return notify.Note{Title: c.words.Count("notice.many", n, "room", a.rooms[0]), Body: c.lastWords()}
	}
	var parts []string
	for _, room := range a.rooms[:min(len(a.rooms), alertRooms)] {
		parts = append(parts, c.words.Count("notice.many", a.counts[room], "room", room))
	}
	if more := len(a.rooms) - alertRooms; more > 0 {
		parts = append(parts, c.words.Count("notice.more_rooms", more))
	}
	return notify.Note{Title: c.words.Count("notice.all", n), Body: strings.Join(parts, ", ")}
}

// lastWords are who said the last of many things, and what.
func (c *chat) lastWords() string {
	last := c.alerts.last
	switch {
	case last.from == "":
		return last.note.Title
	case last.note.Body == "":
		return last.from
	default:
		return last.from + ": " + last.note.Body
	}
}

// tellDesktop notifies over D-Bus. Where nobody answers there, the next best counts from then on.
func (c *chat) tellDesktop(note notify.Note) tea.Cmd {
	desktop := c.cfg.Desktop
	if desktop == nil {
		c.notice.NoDesktop()
		return c.desktopFailed(note, notify.ErrNoDesktop)
	}
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := desktop.Show(ctx, note)
		return func(c *chat) tea.Cmd {
			if err == nil {
				return nil
			}
			c.notice.NoDesktop()
			return c.desktopFailed(note, err)
		}
	})
}

// desktopFailed rings instead. That D-Bus was asked for by name and is not there is said.
func (c *chat) desktopFailed(note notify.Note, err error) tea.Cmd {
	if c.notice.Method() != notify.DBus {
		return raw(c.notice.Sequence(note))
	}
	return tea.Batch(c.ring(), c.warn(c.say("notice.failed", "why", c.reason(err))))
}

// sees takes back what was shown, for whoever looks again.
func (c *chat) sees() tea.Cmd {
	c.alerts.clear()
	if !c.alerts.shown || c.notice == nil {
		return nil
	}
	c.alerts.shown = false
	if desktop := c.cfg.Desktop; desktop != nil && c.notice.Method() == notify.DBus {
		return ask(func(ctx context.Context) tea.Msg {
			_ = desktop.Withdraw(ctx) // who closed it first has done the same
			return nil
		})
	}
	return raw(c.notice.Withdraw())
}
