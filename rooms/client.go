// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kchat/wire"
)

// Client is one person at one server. See the package comment.
//
// The goroutine of Run owns all that is not said to be shared. Everybody else, connections and timers included,
// hands it work through the mailbox.
type Client struct {
	cfg      Config
	login    string // the name, prepared
	password *secret
	log      *slog.Logger

	mailbox *queue[func()]
	out     *output
	blobs   *receivers
	ended   chan struct{} // closed when Run has ended
	closing chan struct{} // closed by Close
	close   sync.Once
	started sync.Once

	// view is shared: Run writes it under the lock, methods read it under the lock.
	view struct {
		sync.Mutex
		session *session
		server  ServerInfo
		rooms   map[string]*room // their people and info
	}

	inRoom   map[wire.Type]roomHandler
	beside   map[wire.Type]otherHandler
	decoder  wire.Decoder    // of what comes
	ctx      context.Context // of Run
	cancel   context.CancelFunc
	workers  sync.WaitGroup // goroutines that Run started and ends
	fault    atomic.Pointer[Fault]
	main     *home          // the server of Config.Address
	homes    map[UUID]*home // other servers of its community that rooms have moved to
	online   bool           // has been, since Run began
	away     bool           // we say that we are
	requests map[wire.ID]request
	names    map[AccountID]string // of people who were seen
	sending  map[wire.ID]*outgoing
	wanted   map[Hash]*wantedBlob
	offered  map[Hash]offeredBlob
	airing   map[wire.ID]offeredBlob // live videos that were not taken
	withheld map[Hash]bool           // blobs whose sending was stopped
	timers   map[*time.Timer]struct{}
	loaded   bool                // the outbox of the store has been read
	asking   []wantJob           // WANTs of others that are not answered yet
	offering bool                // one of them is being answered
	known    map[Hash]Attachment // of messages that were seen, to describe their blobs to others

	wantingBlobs bool // askForBlobs will run
}

// request is what waits for an answer.
type request struct {
	link *link
	// done gets each frame of the answer, or why there is none. It reports whether more frames follow.
	done func(wire.Frame, error) bool
}

// New makes a client and checks its configuration. It connects nothing: Run does. The error is ErrName or
// ErrPassword, or says what is missing.
func New(cfg Config) (*Client, error) {
	if cfg.Address == "" || cfg.Store == nil {
		return nil, errors.New("a client needs an address and a store")
	}
	login, err := LoginName(cfg.User)
	if err != nil {
		return nil, err
	}
	prepared := ""
	if cfg.Ticket == nil {
		if prepared, err = PreparePassword(cfg.Password); err != nil {
			return nil, err
		}
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if cfg.Accept == nil {
		cfg.Accept = acceptPictures
	}
	c := &Client{
		cfg: cfg, login: login, password: &secret{prepared: prepared}, log: log,
		mailbox: newQueue[func()](), out: newOutput(cfg.Store, log),
		ended: make(chan struct{}), closing: make(chan struct{}),
		requests: map[wire.ID]request{}, main: newHome(cfg.Address), homes: map[UUID]*home{},
		names: map[AccountID]string{0: ""}, sending: map[wire.ID]*outgoing{}, airing: map[wire.ID]offeredBlob{},
		wanted: map[Hash]*wantedBlob{}, offered: map[Hash]offeredBlob{}, withheld: map[Hash]bool{}, known: map[Hash]Attachment{}, timers: map[*time.Timer]struct{}{},
	}
	c.inRoom, c.beside = roomHandlers(), otherHandlers()
	c.blobs = newReceivers(c)
	c.view.rooms = map[string]*room{}
	for _, name := range cfg.Rooms {
		r := c.room(name)
		r.wanted, r.opts.Password = true, cfg.RoomPassword
	}
	return c, nil
}

// Events gives what happens, in order. It has one reader. However slow that is, the client goes on. The channel is
// closed after Run has ended and all that happened before was read, or a second passed in which nobody read.
func (c *Client) Events() <-chan Event { return c.out.events }

// Close says goodbye to the server and ends Run. What is not sent yet stays in the outbox of the store. It returns
// at once.
func (c *Client) Close() { c.close.Do(func() { close(c.closing) }) }

// post hands work to the goroutine of Run. It never waits.
func (c *Client) post(f func()) { c.mailbox.put(f) }

// after hands work to the goroutine of Run when a time has passed. It is called by Run alone; so is the stop it returns.
func (c *Client) after(d time.Duration, f func()) (stop func()) {
	var t *time.Timer
	var stopped bool
	t = time.AfterFunc(d, func() {
		c.post(func() {
			delete(c.timers, t)
			if !stopped {
				f()
			}
		})
	})
	c.timers[t] = struct{}{}
	return func() {
		stopped = true
		if t.Stop() {
			delete(c.timers, t)
		}
	}
}

// call runs f in the goroutine of Run and waits until f calls back, ctx ends, or Run does.
func call[T any](ctx context.Context, c *Client, f func(done func(T, error))) (T, error) {
	type result struct {
		value T
		err   error
	}
	answer := make(chan result, 1)
	c.post(func() {
		f(func(v T, err error) {
			select {
			case answer <- result{v, err}:
			default: // a second answer: the first one counts
			}
		})
	})
	var none T
	select {
	case r := <-answer:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-c.ended:
		return none, ErrClosed
	}
}

// request sends a request to a home. done is called at once, with ErrNoServer, when there is no connection to it.
func (c *Client) request(to *home, h wire.Header, body wire.Body, done func(wire.Frame, error) bool) {
	if to.link == nil {
		done(wire.Frame{}, ErrNoServer)
		return
	}
	if h.ID.IsZero() {
		h.ID = newMark()
	}
	c.requests[h.ID] = request{link: to.link, done: done}
	to.link.send(h, body)
}

// askServer sends a request and waits for the one frame that answers it.
func (c *Client) askServer(ctx context.Context, h wire.Header, body wire.Body) (wire.Frame, error) {
	return c.askHome(ctx, c.main, h, body)
}

// askHome sends a request to a home and waits for the one frame that answers it.
func (c *Client) askHome(ctx context.Context, to *home, h wire.Header, body wire.Body) (wire.Frame, error) {
	return call(ctx, c, func(done func(wire.Frame, error)) {
		c.request(to, h, body, func(f wire.Frame, err error) bool {
			done(f, err)
			return false
		})
	})
}

// answered gives a frame to the request it answers, and reports whether there was one.
func (c *Client) answered(f wire.Frame, err error) bool {
	r, ok := c.requests[f.ID]
	if !ok {
		return false
	}
	if !r.done(f, err) {
		delete(c.requests, f.ID)
	}
	return true
}

// room returns the room of a name and makes it if it is not known. It is called by New and Run.
func (c *Client) room(name string) *room {
	if r, ok := c.view.rooms[name]; ok {
		return r
	}
	r := newRoom(name, c.main)
	c.view.Lock()
	c.view.rooms[name] = r
	c.view.Unlock()
	return r
}

// Me is who we are at this server; false before the first login.
func (c *Client) Me() (Person, bool) {
	c.view.Lock()
	defer c.view.Unlock()
	if c.view.session == nil {
		return Person{}, false
	}
	return c.view.session.me, true
}

// Roster is who is in a room, sorted by name; nil when we are not in it.
func (c *Client) Roster(room string) []Person {
	c.view.Lock()
	defer c.view.Unlock()
	r, ok := c.view.rooms[room]
	if !ok || r.number == 0 {
		return nil
	}
	return r.roster()
}

// OthersPresent is how many people other than us are present in a room and count there; 0 means alone.
func (c *Client) OthersPresent(room string) int {
	c.view.Lock()
	defer c.view.Unlock()
	r, ok := c.view.rooms[room]
	if !ok || r.number == 0 || c.view.session == nil {
		return 0
	}
	return r.others(c.view.session.me.ID)
}

func sortPeople(people []Person) {
	slices.SortFunc(people, func(a, b Person) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(a.ID) - int(b.ID)
	})
}
