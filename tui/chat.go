// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// chat is the screen after the login: it owns the regions and gives each what concerns it. What happens lies in
// events.go, what is typed in input.go and commands.go, how it looks in layout.go.
type chat struct {
	*env
	session Session
	book    *book
	link    link
	me      rooms.Person
	server  rooms.ServerInfo
	address string // where we connect to
	public  string // the address to give away
	mode    string // how the server runs

	composer   composer
	recall     recall
	shelf      emojiShelf
	roomsPane  roomsPane
	peoplePane peoplePane
	popup      popup
	sides      sides
	kernel     kernelPanel
	waiting    waitingRoom
	dialogs    dialogs
	out        outgoing
	animations []*animation
	drawn      []*talk.Picture // in the talk; the one looked at last is the last
	pickedIn   string          // the folder of the last file that was chosen
	search     *search         // nil unless something is being looked for
	viewer     *viewer         // nil unless a picture fills the screen
	flash      flash
	lay        layout
	attention  attention
	aside      aside
	alerts     alerts
	videos     videos
	memory     memory

	keys      []binding
	selecting []binding
	viewing   []binding
	videoKeys []binding
	commands  []command
	rooms     roomList
	focused   bool // the terminal has the focus
	quitting  time.Time
	typed     time.Time // when we last said that we type

	invitation string // the room of the last one
}

// link is the state of the connection.
type link struct {
	online  bool
	ever    bool
	reading bool // there is no client: the history is read offline
	attempt int
	retry   time.Time
	err     error
	told    bool // why we are kept out
}

// The messages of the chat's own machinery.
type (
	// applyMsg is what is to be done with the result of a question.
	applyMsg struct {
		to *chat
		do func(c *chat) tea.Cmd
	}
	tickMsg  struct{ to *chat }
	draftMsg struct{ to *chat }  // the draft is due to be remembered
	leaveMsg struct{ err error } // out of the program
)

func newChat(e *env, session Session, address string) *chat {
	c := &chat{
		env: e, session: session, book: newBook(e.look), composer: newComposer(e.cfg.Keys.newlines()...),
		keys: e.labelled(KeysChat, chatKeys()), selecting: e.labelled(KeysSelection, selectionKeys()), viewing: e.labelled(KeysViewer, viewerKeys()),
		videoKeys: e.labelled(KeysVideo, videoKeys()), commands: commandTable(), focused: !e.blurred,
		address: address, public: address,
	}
	c.videos.window = e.window
	c.attention.last = e.cfg.Clock()
	c.link.reading = session.Client == nil
	c.composer.dress(e.st)
	return c
}

// start begins what runs beside: the clock, and the questions about this machine.
func (c *chat) start() tea.Cmd {
	address, host := c.address, c.cfg.Host
	return tea.Batch(c.tick(), c.loadRecent(), c.sayThemeErr(), c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		public, mode := address, ""
		if host.PublicAddress != nil {
			if a := host.PublicAddress(ctx, address); a != "" {
				public = a
			}
		}
		if host.Mode != nil {
			mode = host.Mode(ctx, address)
		}
		return func(c *chat) tea.Cmd {
			c.public, c.mode = public, mode
			return nil
		}
	}))
}

// ask does something that waits and applies its result to the chat.
func (c *chat) ask(do func(ctx context.Context) func(c *chat) tea.Cmd) tea.Cmd {
	return ask(func(ctx context.Context) tea.Msg {
		return applyMsg{c, do(ctx)}
	})
}

func (c *chat) tick() tea.Cmd {
	return c.cfg.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{c} })
}

// update routes a message to the region that it concerns.
func (c *chat) update(msg tea.Msg) tea.Cmd {
	stirred := c.stir(msg)
	cmd := c.route(msg)
	return tea.Batch(stirred, cmd, c.lookUp(), c.pages(), c.hitsDue())
}

func (c *chat) route(msg tea.Msg) tea.Cmd {
	if cmd, was := c.video(msg); was {
		return cmd
	}
	switch msg := msg.(type) {
	case applyMsg:
		if msg.to != c || msg.do == nil {
			return nil
		}
		return msg.do(c)
	case tickMsg:
		if msg.to != c {
			return nil
		}
		return c.everySecond()
	case draftMsg:
		if msg.to == c {
			c.memory.saving = false
			return c.remember()
		}
	case hitsMsg:
		return msg.from.of.found(c, msg)
	case pathsMsg:
		return tea.Batch(c.popup.paths(c, msg), c.saveSoon())
	case viewMsg:
		if msg.to == c {
			return c.frameDue(msg.of)
		}
	case frameMsg:
		if msg.to == c {
			return c.frameOver(msg.of)
		}
	case alertMsg:
		if msg.to == c {
			return c.alertDue()
		}
	case settingsMsg:
		return c.warn(c.say("settings.not_kept", "why", c.cause(msg.err)))
	case settledMsg:
		return tea.Batch(c.settled(msg), c.saveSoon())
	case tea.FocusMsg:
		c.focused = true
		c.viewed()
		return tea.Batch(c.animate(), c.paintViewer(), c.sees())
	case tea.BlurMsg:
		c.focused = false
	case tea.PasteMsg:
		if c.viewer != nil {
			return nil
		}
		return tea.Batch(c.paste(msg), c.saveSoon())
	case tea.MouseMsg:
		return c.mouse(msg)
	case tea.KeyPressMsg:
		return tea.Batch(c.key(msg), c.saveSoon())
	}
	return nil
}

// key gives a key to the topmost part that takes keys.
func (c *chat) key(msg tea.KeyPressMsg) tea.Cmd {
	if c.dialogs.open() {
		return c.dialogs.key(c, msg)
	}
	if c.viewer != nil {
		return c.viewerKey(msg)
	}
	if cmd, was := c.videoKey(msg); was {
		return cmd
	}
	if c.selected() != nil {
		if cmd, was := c.selectionKey(latin(msg)); was {
			return cmd
		}
		c.means(msg)
		c.endSelection()
	}
	if c.popup.key(c, msg) {
		return nil
	}
	if msg.String() == "esc" {
		if cmd, was := c.escape(); was {
			return cmd
		}
	}
	if b, ok := match(c.keys, msg); ok && b.do != nil {
		if b.words != "keys.quit" {
			c.quitting = time.Time{}
		}
		return b.do(c)
	}
	return c.write(msg)
}

func match(table []binding, msg tea.KeyPressMsg) (binding, bool) {
	for _, b := range table {
		if key.Matches(msg, b.keys) {
			return b, true
		}
	}
	return binding{}, false
}

// everySecond lets time pass: who stopped typing, what the kernel counts, what must be remembered.
func (c *chat) everySecond() tea.Cmd {
	if c.cfg.Clock().After(c.flash.until) {
		c.flash.words = ""
	}
	c.paceVideos()
	cmds := []tea.Cmd{c.tick(), c.remember(), c.doze(), c.lapse()}
	if c.kernel.open && c.link.online {
		cmds = append(cmds, c.askStatus())
	}
	if c.link.online && c.closed() && c.waiting.due(c.cfg.Clock()) {
		cmds = append(cmds, c.askElsewhere())
	}
	return tea.Batch(append(cmds, c.pictures())...)
}

// say in passing.
func (c *chat) tell(words string) tea.Cmd { return c.flashing(words, false) }
func (c *chat) warn(words string) tea.Cmd { return c.flashing(words, true) }

// flashing says it in the status row. What is too long for that stands in the talk, whole.
func (c *chat) flashing(words string, warn bool) tea.Cmd {
	if r := c.book.current; r != nil && c.lay.width > 0 && text.Width(text.Line(words)) > c.lay.width-2 {
		style := talk.NoteInfo
		if warn {
			style = talk.NoteWarn
		}
		_ = c.note(style, words)
	}
	c.flash = flash{words: words, warn: warn, until: c.cfg.Clock().Add(flashFor)}
	return nil
}

// closed reports whether nothing can be sent into the current room since nobody else is there. Without a connection
// the composer stays open: what is written waits.
func (c *chat) closed() bool {
	r := c.book.current
	return r == nil || c.link.reading || (c.link.online && r.joined && r.alone(c.me.ID) && !c.settling(r))
}

// show brings a room to the front; the draft stays with the room one leaves.
func (c *chat) show(r *room) tea.Cmd {
	if r == nil || r == c.book.current {
		return nil
	}
	cmd := c.stopTyping()
	c.leaveAside()
	if old := c.book.current; old != nil {
		old.draft = c.composer.value()
		old.talk.Select(nil)
		old.talk.Divide(rooms.Position{})
	}
	c.book.front(r)
	c.composer.set(r.draft)
	c.popup.close()
	if r.left = r.read; r.unread > 0 {
		r.talk.Divide(r.read)
	}
	c.viewed()
	c.markRead(r)
	c.fit(c.lay.width, c.lay.height)
	return tea.Batch(cmd, c.loadFirst(r), c.waiting.reset(), c.pictures())
}

// askQuit leaves at the second time, so that one slip of a finger does not.
func (c *chat) askQuit() tea.Cmd {
	now := c.cfg.Clock()
	if !c.quitting.IsZero() && now.Sub(c.quitting) < flashFor {
		return c.quit()
	}
	c.quitting = now
	return c.tell(c.say("chat.quit_again", "key", c.keyFor("keys.quit")))
}

func (c *chat) quit() tea.Cmd {
	return tea.Sequence(c.remember(), func() tea.Msg { return leaveMsg{} })
}
