// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kchat/rooms"
	"kchat/rooms/e2e/promise"
	"kchat/server/genl"
	"kchat/wire"
)

const (
	ahead      = 40 // words of one person that may wait for their acknowledgement
	wordsLeast = 10 // that are said for each person
)

// person is a client that records what it has said and heard.
type person struct {
	*rooms.Client
	name   string
	square string // the room
	ledger *promise.Ledger
	run    chan error

	mu    sync.Mutex
	words []promise.Word
	at    map[rooms.MessageID]int // in words
	open  int                     // words that are not acknowledged
	lines []*net.TCPConn          // the connections of now and before
	back  int                     // how often it was online
	live  atomic.Bool             // in the room, with all that was said before
}

// town is the people, and the cable that leads to them.
type town struct {
	plan
	cable   *cable
	address string
	square  string // the room in which all talk
	people  []*person
	chance  *chance
	notes   []string // what happened, for the summary
	times   int      // how often it went wrong

	accounts []genl.Account // of the people, once the module has to be told of them again
}

func newTown(p plan) (*town, error) {
	c, err := layCable()
	if err != nil {
		return nil, err
	}
	t := &town{plan: p, cable: c, chance: newChance(p.seed, 0), address: netip.AddrPortFrom(netip.AddrFrom4(nearAddress()), wire.Port).String(), square: fmt.Sprintf("square-%d", os.Getpid())}
	for i := range p.people {
		one, err := t.newPerson(t.login(i))
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.people = append(t.people, one)
	}
	return t, nil
}

func (t *town) login(i int) string { return fmt.Sprintf("%s%d", t.prefix, i) }

func (t *town) newPerson(login string) (*person, error) {
	p := &person{name: login, square: t.square, ledger: promise.NewLedger(), run: make(chan error, 1), at: map[rooms.MessageID]int{}}
	var err error
	p.Client, err = rooms.New(rooms.Config{
		Address: t.address, User: login, Password: login, Agent: "guestfault", Store: p.ledger, Rooms: []string{t.square},
		Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
			conn, err := t.cable.dial(ctx, address)
			if err != nil {
				return nil, err
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.lines = append(p.lines, conn)
			return conn, nil
		},
	})
	return p, err
}

// note adds to the summary.
func (t *town) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// follow records what the client tells, until it ends.
func (p *person) follow() {
	for e := range p.Events() {
		switch e := e.(type) {
		case rooms.Live:
			p.live.Store(true)
		case rooms.Disconnected:
			p.live.Store(false)
		case rooms.Online:
			p.mu.Lock()
			p.back++
			p.mu.Unlock()
		case rooms.MessageChanged:
			if e.Message.State == rooms.StateSent || e.Message.State == rooms.StateDelivered {
				p.acknowledged(e.Message.ID)
			}
		}
	}
}

func (p *person) acknowledged(id rooms.MessageID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, said := p.at[id]; said && !p.words[at].Acknowledged {
		p.words[at].Acknowledged = true
		p.open--
	}
}

// talk says one word after the other until ctx ends.
func (p *person) talk(ctx context.Context, pace time.Duration) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		p.mu.Lock()
		full := p.open >= ahead
		p.mu.Unlock()
		if full {
			p.again()
			continue
		}
		if err := p.say(fmt.Sprintf("%s says %d", p.name, n)); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		n++
	}
}

func (p *person) say(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.Send(rooms.Draft{Room: p.square, Kind: rooms.KindText, Text: text})
	if err != nil {
		return err
	}
	p.at[m.ID] = len(p.words)
	p.words = append(p.words, promise.Word{ID: m.ID, Author: p.name, Text: text})
	p.open++
	return nil
}

// again sends what was refused while nobody else was there.
func (p *person) again() {
	for _, id := range p.ledger.Alone() {
		_ = p.Resend(p.square, id) // it may have settled meanwhile
	}
}

// line is the connection of now.
func (p *person) line() *net.TCPConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lines) == 0 {
		return nil
	}
	return p.lines[len(p.lines)-1]
}

// somebody is one of them, at random.
func (t *town) somebody() *person { return t.people[t.chance.below(len(t.people))] }

// live brings all together, lets them talk while it goes wrong, and checks what they have heard.
func (t *town) live(ctx context.Context, wrong fault) error {
	var ended sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		for _, p := range t.people {
			p.Close()
		}
		ended.Wait()
		cancel()
	}()
	for _, p := range t.people {
		ended.Go(func() { p.run <- p.Run(ctx) })
		ended.Go(p.follow)
	}
	if err := t.allBack(ctx); err != nil {
		return err
	}
	began := time.Now()
	talking, hush := context.WithCancel(ctx)
	errs := make(chan error, len(t.people))
	for _, p := range t.people {
		go func() { errs <- p.talk(talking, t.pace) }()
	}
	err := errors.Join(wrong(ctx, t), t.until(ctx, "enough to check", func() bool { return len(t.words()) >= wordsLeast*len(t.people) }))
	hush()
	for range t.people {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		return err
	}
	over := time.Now()
	if err := errors.Join(t.allBack(ctx), t.allHeard(ctx)); err != nil {
		return err
	}
	t.note("whole after %v", time.Since(over).Round(time.Millisecond))
	return t.check(time.Since(began))
}

// until waits for something that must come.
func (t *town) until(ctx context.Context, what string, come func() bool) error {
	for end := time.Now().Add(t.patience); !come(); {
		if time.Now().After(end) {
			return fmt.Errorf("%s did not come within %v", what, t.patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		for _, p := range t.people {
			select {
			case err := <-p.run:
				p.run <- err
				return fmt.Errorf("%s has ended: %w", p.name, err)
			default:
			}
		}
	}
	return nil
}

// allBack waits until everybody is in the room and sees all others.
func (t *town) allBack(ctx context.Context) error {
	return t.until(ctx, "the return of all", func() bool {
		return !slices.ContainsFunc(t.people, func(p *person) bool {
			return !p.live.Load() || p.OthersPresent(t.square) < len(t.people)-1
		})
	})
}

// words are all that were said so far, as their authors have them on record.
func (t *town) words() (words []promise.Word) {
	for _, p := range t.people {
		p.mu.Lock()
		words = append(words, p.words...)
		p.mu.Unlock()
	}
	return words
}

// allHeard waits until everybody has every word that was said so far.
func (t *town) allHeard(ctx context.Context) error {
	words, told := t.words(), time.Now()
	lacking := map[*person][]promise.Word{}
	for _, p := range t.people {
		lacking[p] = words
	}
	err := t.until(ctx, "the last word", func() bool {
		whole := true
		for _, p := range t.people {
			p.again()
			lacking[p] = p.ledger.Lacking(lacking[p])
			whole = whole && len(lacking[p]) == 0
		}
		if time.Since(told) > 20*time.Second {
			told = time.Now()
			t.tellLacking(lacking, len(words))
		}
		return whole
	})
	if err == nil {
		return nil
	}
	t.tellLacking(lacking, len(words))
	return errors.Join(err, t.check(t.patience))
}

// tellLacking prints who lacks how many words, and what they know to be missing.
func (t *town) tellLacking(lacking map[*person][]promise.Word, words int) {
	for _, p := range t.people {
		if n := len(lacking[p]); n > 0 {
			fmt.Printf("%s lacks %d words of %d, the first %q, and knows of the gaps %v\n", p.name, n, words, lacking[p][0].Text, p.ledger.Gaps())
		}
	}
}

// check compares what was said with what was heard, and prints the summary.
func (t *town) check(took time.Duration) error {
	words := t.words()
	var readers []promise.Reader
	back := 0
	for _, p := range t.people {
		p.mu.Lock()
		back += p.back
		p.mu.Unlock()
		readers = append(readers, promise.Reader{Name: p.name, Heard: p.ledger.Settled()})
	}
	if err := t.planted(readers); err != nil {
		return err
	}
	breaches := promise.Check(words, readers)
	for _, b := range breaches[:min(len(breaches), 50)] {
		fmt.Println(b)
	}
	fmt.Printf("seed %d: %d people, %d words, %d connections, %v; %v; %d breaches\n",
		t.seed, len(t.people), len(words), back, took.Round(time.Millisecond), t.notes, len(breaches))
	result, err := json.Marshal(promise.Count(words, breaches, t.times))
	if err != nil {
		return err
	}
	fmt.Printf("result %s\n", result)
	if len(breaches) > 0 {
		return fmt.Errorf("the promise was broken %d times", len(breaches))
	}
	return nil
}

// planted puts a breach into what one of them has heard, if that is wanted.
func (t *town) planted(readers []promise.Reader) error {
	heard := &readers[len(readers)-1].Heard
	if t.plant != "" && len(*heard) == 0 {
		return errors.New("nothing was heard from which something could be taken")
	}
	middle := len(*heard) / 2
	switch t.plant {
	case "":
	case "missing":
		*heard = slices.Delete(*heard, middle, middle+1)
	case "doubled":
		*heard = slices.Insert(*heard, middle, (*heard)[middle])
	default:
		return fmt.Errorf("nobody knows how to plant %q", t.plant)
	}
	return nil
}

// close takes the cable away.
func (t *town) close() error { return t.cable.remove() }
