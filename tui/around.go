// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// Around is a server that answered when everybody around was asked. What it says of itself proves nothing.
type Around struct {
	Address string // to log in at
	Server  rooms.UUID
	Name    string
	People  int
}

// mostAround is how many servers around are offered; there are more where somebody floods the network.
const mostAround = 6

// aroundFor is how long is waited for one more server before it is asked anew.
const aroundFor = 10 * time.Second

// aroundMsg is one more server around. It belongs to the page on which it is to be offered.
type aroundMsg struct {
	page  *menu
	found Around
	err   error
}

// lookAround waits for a server that is not offered yet.
func (l *login) lookAround(page *menu, seen []Around) tea.Cmd {
	discover := l.cfg.Host.Discover
	if discover == nil || len(seen) >= mostAround {
		return nil
	}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), aroundFor)
		defer cancel()
		found, err := discover(ctx, seen)
		return aroundMsg{page, found, err}
	}
}

// offer adds a server to the page, below what stood there, so that nothing moves under the reader's hand.
func (l *login) offer(msg aroundMsg) tea.Cmd {
	if l.page != page(msg.page) {
		return nil // somebody has chosen something
	}
	if msg.err == nil {
		found := msg.found
		l.around = append(l.around, found)
		people := l.words.Count("rooms.people", found.People)
		msg.page.add(text.Name(found.Name)+" "+l.st.Glyphs.Bullet+" "+text.Line(found.Address), people,
			func(l *login) tea.Cmd { return l.goTo(found) })
	}
	return l.lookAround(msg.page, l.around)
}

// goTo looks what answers at the address of a server that was found. To one that nobody here knows nothing is sent by
// itself, whatever the configuration says: whoever sits here logs in.
func (l *login) goTo(found Around) tea.Cmd {
	l.address = found.Address
	gate := l.cfg.Gate
	return l.ask(l.say("login.looking", "address", found.Address), func(ctx context.Context) func(*login) tea.Cmd {
		info, err := gate.Probe(ctx, found.Address)
		pin, known := gate.Known(ctx, found.Address)
		return func(l *login) tea.Cmd {
			if err != nil {
				return l.noServer(err)
			}
			if !known || pin.Server != info.Server {
				l.cfg.Password = ""
			}
			l.server = info
			l.page = l.choices()
			return l.atOnce()
		}
	})
}
