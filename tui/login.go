// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/rooms"
	"kchat/tui/text"
)

// login is the screen before the chat. It is one page at a time: a menu, a form, or a wait.
type login struct {
	*env
	address string
	server  rooms.ServerInfo
	last    string // who was logged in there last
	page    page
	with    Credentials  // what the running attempt uses
	turn    int          // a result of an older attempt is void
	around  []Around     // servers that are offered where none answers
	rows    uv.Rectangle // of the page, at the last draw
}

// clickable is a page that takes clicks, in one of its rows.
type clickable interface {
	click(l *login, y int) tea.Cmd
}

// page is one page of the login.
type page interface {
	key(l *login, msg tea.KeyPressMsg) tea.Cmd
	// draw returns the title, the rows of the card and where the cursor is in them.
	draw(l *login, width int) (title string, rows []string, cursor *tea.Cursor)
}

// The messages of the login.
type (
	// loginMsg is the result of an attempt.
	loginMsg struct {
		turn int
		do   func(l *login) tea.Cmd
	}
	// sessionMsg is a session that is ready to run.
	sessionMsg struct {
		session Session
		address string
		turn    int
	}
	// readMsg is a history to be read without a server.
	readMsg struct {
		archive Archive
		close   func() error
		rooms   []SavedRoom
	}
	// giveUpMsg ends the session that has not come online.
	giveUpMsg struct{}
)

func newLogin(e *env) *login { return &login{env: e, address: e.cfg.Address} }

// ask does something that waits and brings its result back, unless something else was begun in between.
func (l *login) ask(words string, do func(ctx context.Context) func(l *login) tea.Cmd) tea.Cmd {
	l.turn++
	turn := l.turn
	l.page = &busy{words: words}
	return ask(func(ctx context.Context) tea.Msg { return loginMsg{turn, do(ctx)} })
}

// probe looks what answers at the address.
func (l *login) probe() tea.Cmd {
	address, gate, asks := l.address, l.cfg.Gate, l.cfg.User == ""
	return l.ask(l.say("login.looking", "address", address), func(ctx context.Context) func(*login) tea.Cmd {
		info, err := gate.Probe(ctx, address)
		last := ""
		if err == nil && asks {
			last = gate.Last(ctx, address)
		}
		return func(l *login) tea.Cmd {
			if err != nil {
				return l.noServer(err)
			}
			l.server, l.last = info, last
			l.page = l.choices()
			return l.atOnce()
		}
	})
}

// atOnce logs in with what the configuration says, once: if that fails, the form is there.
func (l *login) atOnce() tea.Cmd {
	user, password, known := l.cfg.User, l.cfg.Password, l.cfg.Known
	l.cfg.Password, l.cfg.Known = "", false
	if user == "" || (password == "" && !known) {
		return nil
	}
	l.with = Credentials{Address: l.address, User: user, Password: password, Trust: l.cfg.Trust}
	return l.open()
}

func (l *login) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case loginMsg:
		if msg.turn == l.turn && msg.do != nil {
			return msg.do(l)
		}
	case aroundMsg:
		return l.offer(msg)
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" || msg.String() == "ctrl+q" {
			return func() tea.Msg { return leaveMsg{} }
		}
		return l.page.key(l, msg)
	case tea.MouseClickMsg:
		if p, ok := l.page.(clickable); ok && uv.Pos(msg.X, msg.Y).In(l.rows) {
			return p.click(l, msg.Y-l.rows.Min.Y)
		}
	case tea.PasteMsg:
		if f, ok := l.page.(*form); ok {
			f.fields[f.at].update(msg)
		}
	}
	return nil
}

// event takes what the client says before it is online.
func (l *login) event(ev rooms.Event) {
	b, ok := l.page.(*busy)
	if !ok {
		return
	}
	if ev, ok := ev.(rooms.Disconnected); ok {
		b.words = l.say("login.retrying", "why", text.Line(l.cause(ev.Err)))
		b.back = func(l *login) tea.Cmd {
			l.page = l.choices()
			return func() tea.Msg { return giveUpMsg{} }
		}
	}
}

// failed comes when the client gave up: it says why and what can be done.
func (l *login) failed(err error) tea.Cmd {
	l.turn++
	switch {
	case errors.Is(err, rooms.ErrPinned):
		return l.pinned((*login).open)
	case errors.Is(err, rooms.ErrNoServer):
		return l.noServer(err)
	default:
		f := l.form(l.with.Code != "")
		f.problem = l.why(err)
		f.fields[0].set(l.with.User)
		f.focus(1)
		l.page = f
	}
	return nil
}

// why says what is behind an error, and what to do about it.
func (l *login) why(err error) string {
	switch {
	case errors.Is(err, rooms.ErrWeakened):
		return l.say("login.weakened")
	case errors.Is(err, rooms.ErrImpostor):
		return l.say("login.impostor")
	case isNamed(err, "AUTH"):
		return l.say("login.refused")
	default:
		return text.Line(l.reason(err))
	}
}

// isNamed reports whether a server refused with the error of this name.
func isNamed(err error, name string) bool {
	refusal, ok := errors.AsType[*rooms.ServerError](err)
	return ok && refusal.Name() == name
}

// choices is the first page: to log in and to create an account are two different things.
func (l *login) choices() page {
	m := &menu{title: l.place()}
	m.add(l.say("login.log_in"), l.say("login.log_in_words"), func(l *login) tea.Cmd { l.page = l.form(false); return nil })
	if l.server.Register {
		m.add(l.say("login.create"), l.say("login.create_words"), func(l *login) tea.Cmd { l.page = l.form(true); return nil })
	} else {
		m.words = l.say("login.no_register")
	}
	m.add(l.say("login.elsewhere"), "", func(l *login) tea.Cmd { l.page = l.addressForm(""); return nil })
	return m
}

// place names the server.
func (l *login) place() string {
	if name := text.Line(l.server.Name); name != "" {
		return name + " " + l.st.Glyphs.Bullet + " " + l.address
	}
	return l.address
}

// noServer offers what can be done without a server.
func (l *login) noServer(err error) tea.Cmd {
	m := &menu{title: l.say("login.no_server"), words: l.say("login.no_server_words", "address", l.address, "why", text.Line(l.cause(err)))}
	if l.cfg.Host.StartServer != nil {
		m.add(l.say("login.start"), l.say("login.start_words"), (*login).startServer)
	}
	m.add(l.say("login.again_probe"), "", (*login).probe)
	m.add(l.say("login.elsewhere"), "", func(l *login) tea.Cmd { l.page = l.addressForm(""); return nil })
	m.add(l.say("login.saved"), l.say("login.saved_words"), (*login).readSaved)
	if l.cfg.Host.Discover != nil {
		m.words += "\n" + l.say("login.around")
	}
	l.page, l.around = m, nil
	return l.lookAround(m, nil)
}

// startServer starts a server on this machine.
func (l *login) startServer() tea.Cmd {
	start := l.cfg.Host.StartServer
	l.turn++
	turn := l.turn
	l.page = &busy{words: l.say("login.starting")}
	return func() tea.Msg { // its own limit of time is the runner's
		address, err := start(context.Background())
		return loginMsg{turn, func(l *login) tea.Cmd {
			if err != nil {
				return l.noServer(err)
			}
			l.address = address
			return l.probe()
		}}
	}
}

// readSaved opens what was kept, without a server.
func (l *login) readSaved() tea.Cmd {
	gate := l.cfg.Gate
	return l.ask(l.say("login.reading"), func(ctx context.Context) func(*login) tea.Cmd {
		users, err := gate.Saved(ctx)
		return func(l *login) tea.Cmd {
			switch {
			case err != nil:
				return l.noServer(err)
			case len(users) == 0:
				return l.noServer(errors.New(l.say("login.nothing_saved")))
			case len(users) == 1:
				return l.openSaved(users[0])
			default:
				m := &menu{title: l.say("login.whose"), back: func(l *login) tea.Cmd { return l.probe() }}
				for _, user := range users {
					m.add(text.Name(user), "", func(l *login) tea.Cmd { return l.openSaved(user) })
				}
				l.page = m
			}
			return nil
		}
	})
}

func (l *login) openSaved(user string) tea.Cmd {
	gate := l.cfg.Gate
	return l.ask(l.say("login.reading"), func(ctx context.Context) func(*login) tea.Cmd {
		archive, closer, err := gate.OpenSaved(ctx, user)
		var saved []SavedRoom
		if err == nil {
			saved, err = archive.Rooms(ctx)
		}
		return func(l *login) tea.Cmd {
			if err != nil {
				return l.noServer(err)
			}
			return func() tea.Msg { return readMsg{archive, closer, saved} }
		}
	})
}

// addressForm asks for another server.
func (l *login) addressForm(problem string) page {
	f := &form{title: l.say("login.elsewhere"), problem: problem}
	f.add(l.say("login.address"), l.address, false)
	f.submit = func(l *login, values []string) tea.Cmd {
		address := strings.TrimSpace(values[0])
		if address == "" {
			f.problem = l.say("login.no_address")
			return nil
		}
		l.address = withPort(address)
		return l.probe()
	}
	f.back = func(l *login) tea.Cmd { return l.probe() }
	f.focus(0)
	return f
}

// form is the page with the name and the password, to log in or to create an account.
func (l *login) form(create bool) *form {
	f := &form{title: l.say("login.log_in") + " " + l.st.Glyphs.Bullet + " " + l.place()}
	f.add(l.say("login.name"), l.cfg.User, false)
	if l.cfg.User == "" && !create {
		f.fields[0].offer(l.last)
	}
	f.add(l.say("login.password"), "", true)
	f.submit = (*login).logIn
	if create {
		f.title = l.say("login.create") + " " + l.st.Glyphs.Bullet + " " + l.place()
		f.add(l.say("login.again"), "", true)
		if l.server.Invite {
			f.add(l.say("login.code"), "", false)
		}
		f.submit = (*login).create
		f.note = l.say("login.plain_words")
	}
	f.back = func(l *login) tea.Cmd { l.page = l.choices(); return nil }
	f.focus(0)
	if l.cfg.User != "" {
		f.focus(1)
	}
	return f
}

// logIn makes a session for what was typed.
func (l *login) logIn(values []string) tea.Cmd {
	if !l.take(values) {
		return nil
	}
	return l.open()
}

// take takes name and password out of a form. It reports whether they can be any; otherwise the form says why not.
func (l *login) take(values []string) bool {
	f := l.page.(*form)
	if _, err := rooms.LoginName(values[0]); err != nil {
		f.complain(0, text.Line(l.reason(err)))
		return false
	}
	if values[1] == "" {
		f.complain(1, l.say("login.no_password"))
		return false
	}
	trust := l.cfg.Trust || (l.with.Trust && l.with.Address == l.address)
	l.with = Credentials{Address: l.address, User: values[0], Password: values[1], Trust: trust}
	return true
}

// open makes the client; the root runs it.
func (l *login) open() tea.Cmd {
	gate, with := l.cfg.Gate, l.with
	l.turn++
	turn := l.turn
	l.page = &busy{words: l.say("login.logging_in", "name", text.Name(with.User))}
	return ask(func(ctx context.Context) tea.Msg {
		session, err := gate.Open(ctx, with)
		if err != nil {
			return loginMsg{turn, func(l *login) tea.Cmd { return l.failed(err) }}
		}
		return sessionMsg{session, with.Address, turn}
	})
}

// create creates an account and logs in with it.
func (l *login) create(values []string) tea.Cmd {
	f := l.page.(*form)
	if !l.take(values) {
		return nil
	}
	if values[1] != values[2] {
		f.complain(2, l.say("login.not_equal"))
		return nil
	}
	if len(values) > 3 {
		l.with.Code = strings.TrimSpace(values[3])
	}
	return l.register(f)
}

// register creates the account of the running attempt; what went wrong comes back to the form.
func (l *login) register(f *form) tea.Cmd {
	gate, with := l.cfg.Gate, l.with
	return l.ask(l.say("login.creating", "name", text.Name(with.User)), func(ctx context.Context) func(*login) tea.Cmd {
		err := gate.Register(ctx, with)
		return func(l *login) tea.Cmd {
			if errors.Is(err, rooms.ErrPinned) {
				return l.pinned(func(l *login) tea.Cmd { return l.register(f) })
			}
			if err != nil {
				f.problem = l.why(err)
				l.page = f
				return nil
			}
			return l.open()
		}
	})
}

// pinned warns that another server answers at a known address. Nothing was sent to it. Whoever trusts it goes on with
// what was begun.
func (l *login) pinned(goOn func(l *login) tea.Cmd) tea.Cmd {
	gate, address := l.cfg.Gate, l.address
	return l.ask(l.say("login.looking", "address", address), func(ctx context.Context) func(*login) tea.Cmd {
		pin, _ := gate.Known(ctx, address)
		now, _ := gate.Probe(ctx, address)
		return func(l *login) tea.Cmd {
			m := &menu{
				title: l.say("pin.title"), loud: true,
				words: l.say("pin.words", "address", address,
					"was", text.Name(pin.Name), "was_id", pin.Server, "now", text.Name(now.Name), "now_id", now.Server),
			}
			m.add(l.say("pin.back"), l.say("pin.back_words"), func(l *login) tea.Cmd { l.page = l.addressForm(""); return nil })
			m.add(l.say("pin.trust"), l.say("pin.trust_words"), func(l *login) tea.Cmd {
				l.with.Trust = true
				return goOn(l)
			})
			l.page = m
			return nil
		}
	})
}

// withPort adds kchat's port to an address without one.
func withPort(address string) string {
	const port = ":10106"
	switch {
	case strings.HasPrefix(address, "[") && strings.HasSuffix(address, "]"):
		return address + port
	case strings.Count(address, ":") > 1 && !strings.HasPrefix(address, "["):
		return "[" + address + "]" + port
	case strings.Contains(address, ":"):
		return address
	default:
		return address + port
	}
}

// draw draws the page as a card in the middle.
func (l *login) draw(cv canvas) *tea.Cursor {
	b := cv.Bounds()
	st := l.st
	width := min(62, b.Dx()-2)
	title, rows, cursor := l.page.draw(l, max(2, width-6))
	height := min(len(rows)+4, b.Dy())
	logo := 0
	if b.Dy() >= height+6 {
		logo = 4
	}
	card := centred(uv.Rect(b.Min.X, b.Min.Y, b.Dx(), b.Dy()), width, height+logo)
	head, card := splitTop(card, logo)
	if logo > 0 {
		cv.put(head, []string{
			middle(st.Brand.Render("k c h a t"), head.Dx()),
			middle(st.Faint.Render(l.say("login.motto")), head.Dx()),
		})
	}
	framed := make([]string, 0, len(rows)+2)
	framed = append(framed, "")
	for _, row := range rows {
		framed = append(framed, " "+row)
	}
	l.rows = uv.Rect(card.Min.X+3, card.Min.Y+2, max(0, card.Dx()-6), min(len(rows), max(0, card.Dy()-3)))
	cv.put(card, frame(st, title, framed, card.Dx(), card.Dy()))
	if b.Dy() > card.Max.Y+1 {
		_, foot := splitTop(b, card.Max.Y+1)
		foot, _ = splitTop(foot, 1)
		cv.put(foot, []string{middle(st.Faint.Render(l.say("login.keys")), foot.Dx())})
	}
	if cursor != nil {
		cursor.X, cursor.Y = cursor.X+card.Min.X+3, cursor.Y+card.Min.Y+2
	}
	return inside(cursor, b)
}

func middle(s string, width int) string {
	return strings.Repeat(" ", max(0, (width-text.Width(s))/2)) + s
}
