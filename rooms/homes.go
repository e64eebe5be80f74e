// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"kchat/wire"
)

// home is a server that rooms of ours are at: the main one, which the configuration names, or one that MOVED named.
// Run owns it, but for address and expect, which never change.
type home struct {
	address string
	expect  expectation
	link    *link // nil: not connected
	media   mediaLink
	welcome wire.Welcome
	session *session

	byNumber map[uint32]*room
	asked    map[AccountID]bool // people whose name is being asked for

	failures int  // attempts to connect in a row that failed
	over     bool // it is not needed any more, or cannot be used
}

func newHome(address string) *home {
	return &home{address: address, byNumber: map[uint32]*room{}, asked: map[AccountID]bool{}}
}

// expectation is what a server must be that another one named. Of the main server nothing is expected.
type expectation struct {
	server     UUID
	community  UUID
	person     AccountID
	iterations uint32
}

// checkServer compares who answers with who was named, before anything of the login is told.
func (h *home) checkServer(w wire.Welcome) error {
	e := h.expect
	switch {
	case e.person == 0, UUID(w.Server) == e.server && UUID(w.Community) == e.community:
		return nil
	case UUID(w.Server) != e.server:
		return fmt.Errorf("%w: it is %v, named was %v", ErrStranger, UUID(w.Server), e.server)
	default:
		return fmt.Errorf("%w: its community is %v, ours %v", ErrStranger, UUID(w.Community), e.community)
	}
}

// checkPerson sees to it that we are the same person there: servers that share accounts share their numbers.
func (h *home) checkPerson(me Person) error {
	if h.expect.person == 0 || me.ID == h.expect.person {
		return nil
	}
	return fmt.Errorf("%w: we are account %d there, %d here", ErrStranger, me.ID, h.expect.person)
}

const (
	movesMax = 3  // MOVED in a row: the last one is not followed
	homesMax = 16 // servers beside the main one
	// homeTries is after how many failed attempts in a row the main server is asked again where a room is.
	homeTries = 5
)

// moved follows a room to the home that a server names.
func (c *Client) moved(r *room, f wire.Frame) {
	m, err := wire.ParseMoved(f.Body)
	if err != nil {
		c.joinFailed(r, fmt.Errorf("reading where %s has moved: %w", r.name, err))
		return
	}
	to := UUID(m.Server)
	r.moves = append(r.moves, r.home.session.server)
	switch {
	case slices.Contains(r.moves, to):
		err = ErrMoveLoop
	case len(r.moves) >= movesMax:
		err = ErrMoveChain
	case !hostIsPlain(m.Host) || m.Port == 0 || to == UUID{} || m.Room != r.name:
		err = ErrMovePlace
	case to != c.main.session.server && c.homes[to] == nil && len(c.homes) >= homesMax:
		err = ErrMoveCount
	}
	if err != nil {
		c.joinFailed(r, &MovedError{Room: r.name, Host: m.Host, Port: m.Port, Server: to, Err: err})
		return
	}
	c.log.Info("a room has moved", "room", r.name, "host", m.Host, "port", m.Port, "server", to)
	left := r.home
	if r.home = c.main; to != c.main.session.server {
		r.home = c.homeAt(to, net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port))))
	}
	c.closeUnused(left)
	c.join(r)
}

// hostIsPlain reports whether a host can be written into an address and into a message to a person.
func hostIsPlain(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' || c == '@' })
}

// homeAt is the home with this UUID; a new one is connected to.
func (c *Client) homeAt(server UUID, address string) *home {
	if h := c.homes[server]; h != nil {
		return h
	}
	s := c.main.session
	h := newHome(address)
	h.expect = expectation{server: server, community: s.community, person: s.me.ID, iterations: s.iterations}
	c.homes[server] = h
	c.connectHome(h)
	return h
}

// connectHome begins an attempt to connect to a home other than the main one.
func (c *Client) connectHome(h *home) {
	if h.over {
		return
	}
	old, password := h.session, c.password
	c.work(func() {
		ctx, cancel := context.WithTimeout(c.ctx, 2*loginTime)
		defer cancel()
		l, w, s, _, err := h.connect(ctx, &c.cfg, c.login, password, old)
		c.post(func() {
			switch {
			case err != nil:
				c.homeFailed(h, err)
			case h.over || c.isEnding():
				l.fail(ErrClosed)
			default:
				c.homeBegins(h, l, w, s)
			}
		})
	})
}

// homeBegins takes the connection to a home into service, and watches for its end.
func (c *Client) homeBegins(h *home, l *link, w wire.Welcome, s *session) {
	h.failures = 0
	c.log.Info("connected to the home of a room", "server", w.Name, "address", h.address)
	c.serveHome(h, l, w, s)
	c.work(func() {
		<-l.closed
		l.done.Wait() // what came before the end is handled before it
		c.post(func() {
			if h.link != l {
				return // Run has ended
			}
			err := l.reason()
			c.lost(h, err)
			c.homeFailed(h, err)
		})
	})
}

// homeFailed tells the rooms of a home that there is no connection to it. Unless no new attempt can mend that, it is
// tried again.
func (c *Client) homeFailed(h *home, err error) {
	if h.over || c.isEnding() {
		return
	}
	if errors.Is(err, wire.ErrReplaced) || errors.Is(err, wire.ErrSession) {
		h.session = nil
	}
	refused := h.session == nil && errors.Is(err, ErrRefused)
	fatal := c.cfg.Once || refused || c.isFatal(err) || errors.Is(err, ErrStranger)
	h.failures++
	for _, r := range c.roomsAt(h) {
		if fatal || h.failures == 1 {
			c.awayFrom(r, h, err, fatal)
		}
	}
	if fatal {
		c.closeUnused(h)
		return
	}
	if h.failures >= homeTries && c.main.link != nil {
		c.askAgain(h)
		return
	}
	wait := max(pause(h.failures, rand.Float64()), waitOf(err))
	c.log.Info("not connected to the home of a room", "address", h.address, "error", err, "retry", wait)
	c.after(wait, func() { c.connectHome(h) })
}

// awayFrom tells that a room cannot be had now, or cannot be had at all.
func (c *Client) awayFrom(r *room, h *home, err error, forGood bool) {
	why := movedTo(r, h, err, forGood)
	if forGood {
		r.wanted, r.follows, r.moves = false, false, nil
		r.home = c.main
		c.joinEnds(r, why)
	}
	if r.wanted || forGood {
		c.out.tell(Parted{Room: r.name, Err: why})
	}
}

// movedTo is an error with the home of a room.
func movedTo(r *room, h *home, err error, forGood bool) *MovedError {
	e := &MovedError{Room: r.name, Server: h.expect.server, Retry: !forGood, Err: err}
	host, port, splitErr := net.SplitHostPort(h.address)
	if n, numErr := strconv.ParseUint(port, 10, 16); splitErr == nil && numErr == nil {
		e.Host, e.Port = host, uint16(n)
	}
	return e
}

// askAgain goes back to the main server with the rooms of a home that does not answer: it may know a new one.
func (c *Client) askAgain(h *home) {
	back := c.roomsAt(h)
	for _, r := range back {
		r.home, r.moves = c.main, nil
	}
	c.closeUnused(h)
	for _, r := range back {
		if r.wanted {
			c.join(r)
		}
	}
}

// roomsAt are the rooms that are at a home.
func (c *Client) roomsAt(h *home) []*room {
	var at []*room
	for _, r := range c.view.rooms {
		if r.home == h {
			at = append(at, r)
		}
	}
	slices.SortFunc(at, func(a, b *room) int { return strings.Compare(a.name, b.name) })
	return at
}

// leaveHome takes a room that we do not want any more from its home: when it is wanted again, the main server is
// asked where it is.
func (c *Client) leaveHome(r *room) {
	left := r.home
	r.home, r.moves = c.main, nil
	if left != c.main {
		r.joining = false // the answer of that home will find nobody
	}
	c.closeUnused(left)
}

// closeUnused says goodbye to a home that no room is at.
func (c *Client) closeUnused(h *home) {
	if h == c.main || h.over || len(c.roomsAt(h)) > 0 {
		return
	}
	h.over = true
	delete(c.homes, h.expect.server)
	if h.link != nil {
		c.work(h.link.goodbye)
	}
}

// isEnding reports whether Run is about to end.
func (c *Client) isEnding() bool { return c.isClosing() || c.ctx.Err() != nil }
