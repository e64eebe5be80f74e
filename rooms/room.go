// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"kchat/wire"
)

// room is what the client knows of a room. Run owns it; what the view lock guards is said.
type room struct {
	name   string
	wanted bool // we are to be in it, over reconnects
	opts   JoinOptions
	home   *home  // the server that it is at, as far as we know
	moves  []UUID // servers that said MOVED since we were in it last

	number uint32               // 0: not in it now; written under the view lock
	info   RoomInfo             // written under the view lock
	people map[AccountID]Person // written under the view lock

	joining   bool
	moving    func()                  // stops the wait for MOVED after a PARTED that announced it; nil: none is awaited
	follows   bool                    // on the way to a new home, since the room has moved while we were in it
	settling  bool                    // just there: the others may be on their way
	waiters   []func(RoomInfo, error) // of Join
	gathering []Person                // the roster as far as it has come
	live      bool                    // all that was said before the join has come

	last  Position // of the last lasting frame that came in its order
	kept  Position // last as it was before we joined
	known bool     // last has been read from the store
	ids   idSet    // of messages that were seen, to recognise a repeat that the server could not
	held  []wire.Frame
	hold  AccountID // whose name must be known before held goes on; 0: nobody's

	outbox []*Message // ours without a position, oldest first
	pause  time.Time  // nothing is sent before
	mine   []*Message // ours that not everybody has stored yet, oldest first
	stored storedReport
	gaps   []*gap
	ends   map[uint64]*epochEnd // by epoch
	epochs []Position           // how far the store knows the newest ones
	wants  wantPace
	key    roomKey
	typing map[AccountID]func() // stops the timer that ends it
	ours   ourTyping
	read   ourRead
	readBy map[AccountID]Position // how far the others have read; written under the view lock
	alone  func()                 // stops the timer that gives up waiting for others; nil: none runs
}

func newRoom(name string, h *home) *room {
	return &room{name: name, home: h, ends: map[uint64]*epochEnd{}, people: map[AccountID]Person{}, typing: map[AccountID]func(){}, readBy: map[AccountID]Position{}}
}

func (r *room) roster() []Person {
	people := make([]Person, 0, len(r.people))
	for _, p := range r.people {
		people = append(people, p)
	}
	sortPeople(people)
	return people
}

// others is how many people other than me are present and count.
func (r *room) others(me AccountID) int {
	n := 0
	for id, p := range r.people {
		if id != me && p.State.Here() && (!p.Bot || r.info.Practice) {
			n++
		}
	}
	return n
}

// Join enters a room and stays in it over reconnects until Part. Without a connection it waits for one.
func (c *Client) Join(ctx context.Context, name string, opt JoinOptions) (RoomInfo, error) {
	if err := wire.CheckRoomName(name); err != nil {
		return RoomInfo{}, fmt.Errorf("joining %q: %w", name, err)
	}
	return call(ctx, c, func(done func(RoomInfo, error)) {
		r := c.room(name)
		if r.number != 0 && r.live {
			done(r.info, nil)
			return
		}
		r.wanted, r.opts = true, opt
		r.waiters = append(r.waiters, done)
		c.join(r)
	})
}

// OpenDirect enters the room of two that we share with somebody.
func (c *Client) OpenDirect(ctx context.Context, with AccountID) (RoomInfo, error) {
	me, ok := c.Me()
	if !ok {
		return RoomInfo{}, ErrNoServer
	}
	return c.Join(ctx, DirectRoom(me.ID, with), JoinOptions{})
}

// DirectRoom is the name of the room of two people.
func DirectRoom(a, b AccountID) string { return fmt.Sprintf("@%d-%d", min(a, b), max(a, b)) }

// RoomName is the name of a room as it goes over the wire, from what somebody typed: without the # before it, in NFC and
// lower case.
func RoomName(typed string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimLeft(strings.TrimSpace(typed), "#")))
}

// Part leaves a room.
func (c *Client) Part(ctx context.Context, name string) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		if !ok || !r.wanted {
			done(struct{}{}, ErrNotInRoom)
			return
		}
		r.wanted = false
		c.joinEnds(r, ErrNotInRoom)
		if r.number == 0 {
			c.leaveHome(r)
			done(struct{}{}, nil)
			return
		}
		c.request(r.home, wire.Header{Type: wire.TypePart, Room: r.number}, wire.Empty{}, func(f wire.Frame, err error) bool {
			if f.Type == wire.TypeParted {
				c.parted(r, f)
			}
			done(struct{}{}, err)
			return false
		})
	})
	if err != nil {
		return fmt.Errorf("leaving %s: %w", name, err)
	}
	return nil
}

// join asks the server to let us in, once it is known how far the room is stored here.
func (c *Client) join(r *room) {
	if r.home.link == nil || r.joining || r.number != 0 {
		return
	}
	r.joining = true
	if r.known {
		c.sendJoin(r)
		return
	}
	l, community := r.home.link, c.view.session.community
	c.work(func() {
		last, err := c.cfg.Store.Stored(c.ctx, community, r.name)
		gaps, gapErr := c.storedGaps(community, r.name)
		unsent, unsentErr := c.storedUnsent(community, r.name)
		epochs, epochsErr := c.storedEpochs(community, r.name)
		err = errors.Join(err, gapErr, unsentErr, epochsErr)
		c.post(func() {
			if l != r.home.link {
				return
			}
			if err != nil {
				c.log.Error("looking up what is stored", "room", r.name, "error", err)
			} else if !r.known {
				r.known, r.last, r.stored.kept, r.epochs = true, last, last, epochs
				for _, g := range gaps {
					c.openGap(r, g.from, g.to, false)
				}
				c.keepUnsent(r, unsent)
			}
			c.sendJoin(r)
		})
	})
}

func (c *Client) sendJoin(r *room) {
	body := wire.Join{Epoch: r.last.Epoch, Seq: r.last.Seq, Name: r.name}
	if r.opts.Existing {
		body.Flags |= wire.JoinExisting
	}
	if r.opts.Practice {
		body.Flags |= wire.RoomPractice
	}
	if r.opts.Backlog != 0 {
		body.Flags |= wire.JoinBacklog
		body.Backlog = uint16(min(max(r.opts.Backlog, 0), wire.BacklogMax))
	}
	if r.opts.Password != "" {
		proof, err := c.joinProof(r)
		if err != nil {
			r.joining = false
			c.joinFailed(r, err)
			return
		}
		body.Proof = proof
	}
	at := r.home
	c.request(at, wire.Header{Type: wire.TypeJoin}, body, func(f wire.Frame, err error) bool {
		switch {
		case r.home != at || !r.wanted: // we have left the room since
			if f.Type == wire.TypeJoined && at.link != nil {
				at.link.send(wire.Header{Type: wire.TypePart, Room: f.Room}, wire.Empty{})
			}
			if r.home == at {
				r.joining = false
				c.leaveHome(r)
			}
		case err != nil:
			r.joining = false
			c.joinFailed(r, err)
		case f.Type == wire.TypeMoved:
			r.joining = false
			c.moved(r, f)
		default:
			c.joined(r, f)
		}
		return false
	})
}

// joinFailed ends Join unless the connection is to blame, or the server asks to try again later.
func (c *Client) joinFailed(r *room, err error) {
	if r.home.link == nil {
		return
	}
	if wait := waitOf(err); wait > 0 && !errors.Is(err, wire.ErrBanned) {
		c.after(wait, func() {
			if r.wanted {
				c.join(r)
			}
		})
		return
	}
	r.wanted, r.follows = false, false
	c.leaveHome(r)
	c.joinEnds(r, err)
	c.out.tell(Parted{Room: r.name, Err: err})
}

func (c *Client) joinEnds(r *room, err error) {
	waiters := r.waiters
	r.waiters = nil
	for _, done := range waiters {
		done(r.info, err)
	}
}

// joined takes note of where the room stands; roster and log follow.
func (c *Client) joined(r *room, f wire.Frame) {
	j, err := wire.ParseJoined(f.Body)
	if err != nil {
		r.joining = false
		c.joinFailed(r, err)
		return
	}
	c.view.Lock()
	r.number = f.Room
	r.info = RoomInfo{
		Name: j.Name, Number: f.Room, Epoch: f.Epoch, Head: f.Seq, Topic: j.Topic, People: int(j.People),
		Practice: j.Flags&wire.RoomPractice != 0, Direct: j.Flags&wire.RoomDirect != 0, Rules: rulesOf(j.Flags),
		Backlog: int(j.Backlog), Made: time.UnixMicro(int64(j.Made)),
	}
	clear(r.people)
	c.view.Unlock()
	r.home.byNumber[f.Room] = r
	c.arrives(r)
	r.joining, r.live, r.gathering, r.moves = false, false, nil, nil
	r.held, r.hold = nil, 0
	c.continueFrom(r, Position{Epoch: f.Epoch, Seq: j.Start})
}

// continueFrom compares where the server's log begins for us with where we are, and opens a gap between them.
func (c *Client) continueFrom(r *room, start Position) {
	before := r.last
	r.kept = before
	switch {
	case before.IsZero(), start.Compare(before) <= 0 && start.Epoch == before.Epoch:
		if before.IsZero() {
			r.last, r.stored.kept = start, start
		}
	case start.Epoch == before.Epoch:
		r.last = start
		c.openGap(r, before, start, true)
	case start.Epoch > before.Epoch:
		r.last = start
		if start.Seq > 0 {
			c.openGap(r, Position{Epoch: start.Epoch}, start, true)
		}
	default:
		// The server's epochs began anew: what we have stays, and there is no telling what is missing.
		r.last = start
	}
	c.noteEnds(r, append(r.epochs, before)...)
	r.epochs = nil
	r.stored.reported = Position{}
	if start.Epoch != before.Epoch {
		r.mine, r.stored.kept, r.stored.counted = nil, start, Position{}
		for _, m := range slices.Clone(r.outbox) {
			c.step(r, m, onEpoch)
		}
	}
}

func (c *Client) handleRoster(r *room, f wire.Frame) error {
	people, err := wire.ParsePeople(f.Body)
	if err != nil {
		return err
	}
	if len(r.gathering)+len(people) > peopleMax {
		return errTooMuch
	}
	for _, p := range people {
		r.gathering = append(r.gathering, personOf(p))
	}
	if f.Flags&wire.FlagLast == 0 {
		return nil
	}
	c.view.Lock()
	for _, p := range r.gathering {
		r.people[p.ID] = p
		c.names[p.ID] = p.Name
	}
	roster := r.roster()
	c.view.Unlock()
	r.gathering = nil
	c.out.tell(Joined{Room: r.info, People: roster, Kept: r.kept})
	c.joinEnds(r, nil)
	return nil
}

func (c *Client) handleLive(r *room, _ wire.Frame) error {
	r.live = true
	c.out.tell(Live{Room: r.name})
	c.report(r)
	c.tryGapsAgain(r)
	c.flush(r)
	return nil
}

func (c *Client) handlePresence(r *room, f wire.Frame) error {
	body, err := c.decoder.Person(f.Body)
	if err != nil {
		return err
	}
	if !r.live {
		return nil
	}
	p := personOf(body)
	c.boundNames()
	before := r.people[p.ID]
	was := before.State
	if len(r.people) >= peopleMax {
		return errTooMuch
	}
	c.view.Lock()
	c.names[p.ID] = p.Name
	if p.State == Left || p.State == Lost {
		delete(r.people, p.ID)
		delete(r.readBy, p.ID)
	} else {
		r.people[p.ID] = p
	}
	c.view.Unlock()
	if !p.State.Here() {
		c.stopsTyping(r, p.ID)
	}
	c.out.tell(PersonChanged{Room: r.name, Person: p, Was: was})
	if p.State.Here() && (!was.Here() || p.Sessions > before.Sessions) && p.ID != c.me() {
		c.tryGapsAgain(r)
		c.flush(r)
	}
	return nil
}

func (c *Client) handleParted(r *room, f wire.Frame) error {
	c.parted(r, f)
	return nil
}

// parted takes us out of the room. Unless we asked for it or were removed, we come back when we can.
func (c *Client) parted(r *room, f wire.Frame) {
	p, err := wire.ParseParted(f.Body)
	var why error
	switch {
	case err != nil:
		why = err
	case p.Reason != 0:
		why = &ServerError{Number: p.Reason, Sentence: p.Reason.Error()}
	}
	if p.Reason == wire.ErrMoved && r.wanted {
		c.movesOn(r)
		return
	}
	if p.Reason == wire.ErrKicked {
		r.wanted = false
	}
	delete(r.home.byNumber, r.number)
	c.roomLost(r)
	if !r.wanted {
		c.leaveHome(r)
	}
	c.out.tell(Parted{Room: r.name, Err: why})
}

// roomLost forgets what holds only while we are in the room.
func (c *Client) roomLost(r *room) {
	c.view.Lock()
	r.number = 0
	clear(r.people)
	clear(r.readBy)
	c.view.Unlock()
	r.joining, r.live, r.gathering = false, false, nil
	r.held, r.hold = nil, 0
	r.wants.reset()
	r.stopMoving()
	r.settling = false
	if r.alone != nil {
		r.alone()
		r.alone = nil
	}
	for id := range r.typing {
		c.stopsTyping(r, id)
	}
	c.outboxLost(r)
}

// me is our account; it is called by Run while there is a session.
func (c *Client) me() AccountID { return c.view.session.me.ID }

func personOf(p wire.Person) Person {
	return Person{
		ID: AccountID(p.Account), Name: p.Name, State: PersonState(p.State), Sessions: int(p.Sessions),
		Bot: p.Flags&wire.PersonBot != 0, Admin: p.Flags&wire.PersonAdmin != 0,
		Owner: p.Flags&wire.PersonOwner != 0, Operator: p.Flags&wire.PersonOperator != 0,
		Voice: p.Flags&wire.PersonVoice != 0, Muted: p.Flags&wire.PersonMuted != 0,
	}
}
