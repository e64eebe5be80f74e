// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"image/color"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/rooms"
)

// root is the Bubble Tea model. It routes: to the login, to the chat, to the session that runs between them.
type root struct {
	*env
	width, height int
	sized         bool // the terminal has said its size
	follows       bool // the terminal tells when its scheme changes
	asked         bool // it was asked for its size, and has not answered
	login         *login
	chat          *chat
	running       *running
	err           error // why the program ended
	fault         *Fault
	frame         lastFrame
}

// running is a session whose client runs.
type running struct {
	session  Session
	closed   sync.Once
	closeErr error
}

// The messages of a running session. They come from its pump, in order.
type (
	eventsMsg struct {
		from   *running
		events []rooms.Event
	}
	endedMsg struct {
		from *running
		err  error
	}
)

func newRoot(e *env) *root {
	return &root{env: e, login: newLogin(e), width: 80, height: 24}
}

// Init implements tea.Model.
func (r *root) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, r.login.probe(), r.lookAtSize())
}

// sizeEvery is how often the terminal is asked for its size: a change right while the program starts is told to nobody.
const sizeEvery = time.Second

type sizeMsg struct{}

func (r *root) lookAtSize() tea.Cmd {
	return r.cfg.Tick(sizeEvery, func(time.Time) tea.Msg { return sizeMsg{} })
}

// filter drops the answers to lookAtSize that say nothing new: each would draw the whole screen anew. A size that was
// not asked for is never dropped, for a terminal that was small for a moment has lost what stood outside.
func (r *root) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	size, ok := msg.(tea.WindowSizeMsg)
	if ok && r.asked && r.sized && size.Width == r.width && size.Height == r.height {
		r.asked = false
		return nil
	}
	return msg
}

// Update implements tea.Model. A panic ends the program, but not before the terminal is restored.
func (r *root) Update(msg tea.Msg) (m tea.Model, cmd tea.Cmd) {
	defer func() {
		if v := recover(); v != nil {
			r.broken(newFault(v))
			m, cmd = r, tea.Quit
		}
	}()
	m, cmd = r.route(msg)
	return m, tea.Batch(guarded(cmd), r.frame.after(msg))
}

// route gives a message to those parts of the screen that it concerns.
func (r *root) route(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.keyboard.learn(msg)
	attend := r.attend(msg)
	cmd, was := r.termcap(msg)
	if !was {
		_, cmd = r.give(msg)
	}
	return r, tea.Batch(attend, cmd)
}

// give gives a message to the one part that it is for.
func (r *root) give(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return r, r.resized(msg)
	case sizeMsg:
		r.asked = true
		return r, tea.Batch(tea.RequestWindowSize, r.lookAtSize())
	case tea.BackgroundColorMsg:
		r.dressFor(opaque(msg.Color), !msg.IsDark(), r.color)
		r.lookAgain()
		return r, r.redraw()
	case tea.ColorProfileMsg:
		r.dressFor(r.back, r.light, profileOf(msg.Profile))
		r.useTerminal()
		return r, r.redraw()
	case leaveMsg:
		if msg.err != nil {
			r.err = msg.err
		}
		return r, tea.Quit
	case themeMsg:
		r.theme = msg.theme
		r.dressAnew()
		return r, r.redraw()
	case sessionMsg:
		return r, r.begin(msg)
	case readMsg:
		return r, r.read(msg)
	case giveUpMsg:
		r.end()
		return r, nil
	case eventsMsg:
		return r, r.events(msg)
	case endedMsg:
		return r, r.ended(msg)
	}
	if r.chat != nil {
		return r, r.chat.update(msg)
	}
	return r, r.login.update(msg)
}

// dressFor changes the theme to the terminal's own ground and colours.
func (r *root) dressFor(back color.RGBA, light bool, colors media.Profile) {
	if back == r.back && light == r.light && colors == r.color {
		return
	}
	r.back, r.light, r.color = back, light, colors
	r.dressAnew()
}

// dressAnew puts the whole screen into the styles that now count.
func (r *root) dressAnew() {
	r.dress()
	if r.chat != nil {
		r.chat.composer.dress(r.st)
	}
	r.lookAgain()
}

// redraw draws the pictures on the screen for the ground that was found.
func (r *root) redraw() tea.Cmd {
	if r.chat == nil {
		return nil
	}
	return tea.Batch(r.chat.pictures(), r.chat.paintViewer())
}

// begin runs a session beside the program.
func (r *root) begin(msg sessionMsg) tea.Cmd {
	if msg.turn != r.login.turn {
		return closing(&running{session: msg.session}) // it was given up while it was made
	}
	r.end()
	run := &running{session: msg.session}
	r.running = run
	send := r.send
	r.own(func(program context.Context) {
		defer context.AfterFunc(program, run.session.Client.Close)()
		run.serve(context.WithoutCancel(program), send)
	})
	return nil
}

// closing closes a session that has ended.
func closing(run *running) tea.Cmd {
	return func() tea.Msg {
		_ = run.close() // nothing is left that could be told
		return nil
	}
}

// read opens the history of an account without a server.
func (r *root) read(msg readMsg) tea.Cmd {
	c := newChat(r.env, Session{Archive: msg.archive, Close: msg.close}, r.login.address)
	var cmds []tea.Cmd
	for _, s := range msg.rooms {
		room := c.book.open(s.Name)
		room.restore(s)
		room.draft = "" // nothing can be written here
		cmds = append(cmds, c.loadFirst(room))
	}
	c.book.sort()
	r.chat = c
	return tea.Batch(append(cmds, c.start())...)
}

// end ends the running session.
func (r *root) end() {
	if r.running != nil {
		r.running.session.Client.Close()
	}
	r.running = nil
}

// events gives what happened to whom it concerns. The first Online opens the chat.
func (r *root) events(msg eventsMsg) tea.Cmd {
	if msg.from != r.running {
		return nil
	}
	var cmds []tea.Cmd
	for _, ev := range msg.events {
		if _, online := ev.(rooms.Online); online && r.chat == nil {
			r.chat = newChat(r.env, msg.from.session, r.login.address)
			cmds = append(cmds, r.chat.start())
		}
		if r.chat == nil {
			r.login.event(ev)
			continue
		}
		cmds = append(cmds, r.chat.event(ev))
	}
	if r.chat != nil {
		cmds = append(cmds, r.chat.pictures(), r.chat.lookUp())
	}
	return tea.Batch(cmds...)
}

// ended comes when the client has ended by itself. What was open is remembered, and the login says why.
func (r *root) ended(msg endedMsg) tea.Cmd {
	if msg.from != r.running {
		return closing(msg.from)
	}
	r.running = nil
	var keep func() tea.Msg
	if r.chat != nil {
		keep = r.chat.keepAll()
	}
	done := tea.Sequence(keep, closing(msg.from))
	if msg.err == nil {
		return done
	}
	if r.chat != nil {
		r.chat.closeVideos()
	}
	r.chat = nil
	r.paint.FreeAll()
	return tea.Batch(done, r.login.failed(msg.err))
}

// View implements tea.Model. What cannot be drawn ends the program like any other fault.
func (r *root) View() tea.View {
	v, good := r.frame.last()
	if !good || r.fault != nil {
		v = r.view()
		r.frame.drew(v)
	}
	return v
}

// view draws the screen.
func (r *root) view() (v tea.View) {
	v = tea.View{AltScreen: true, MouseMode: tea.MouseModeCellMotion, ReportFocus: true, WindowTitle: "kchat"}
	if r.cfg.NoMouse {
		v.MouseMode = tea.MouseModeNone
	}
	if r.fault != nil {
		return v
	}
	defer func() {
		if p := recover(); p != nil {
			r.broken(newFault(p))
			r.own(func(context.Context) { r.send(leaveMsg{}) })
		}
	}()
	width, height := max(r.width, 1), max(r.height, 1)
	if r.chat != nil {
		if content, full := r.chat.fullContent(width, height); full {
			v.Content, v.WindowTitle = content, r.chat.windowTitle()
			return v
		}
	}
	cv := newCanvas(width, height)
	if r.chat != nil {
		v.Cursor = r.chat.draw(cv)
		v.WindowTitle = r.chat.windowTitle()
	} else {
		v.Cursor = r.login.draw(cv)
	}
	if r.cfg.ASCII {
		cv.ascii()
	}
	v.Content = cv.Render()
	return v
}

// windowTitle names the room, and before it how much is unread of what is to be noticed; a star: of the rest.
func (c *chat) windowTitle() string {
	title := "kchat"
	if r := c.book.current; r != nil {
		title = c.book.title(r) + " - kchat"
	}
	switch n := c.book.wanting(); {
	case n > 0:
		title = fmt.Sprintf("(%d) %s", n, title)
	case c.book.unread() > 0:
		title = "* " + title
	}
	return title
}
