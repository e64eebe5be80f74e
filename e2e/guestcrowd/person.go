// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// person is one of the crowd, logged in.
type person struct {
	*peer.Conn
	login string
	room  *peer.Room
	at    uint64 // the last number of the room that was heard
}

// keyring derives the key of a password once: the accounts of a crowd have one salt, and deriving is slow on purpose.
type keyring struct {
	mu     sync.Mutex
	salt   []byte
	salted []byte
}

func (k *keyring) key(c wire.Challenge, password string) (_ []byte, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !bytes.Equal(k.salt, c.Salt) {
		if k.salted, err = wire.SaltedPassword(password, c.Salt, c.Iterations); err != nil {
			return nil, err
		}
		k.salt = bytes.Clone(c.Salt)
	}
	return k.salted, nil
}

// enter connects and logs in.
func (p plan) enter(k *keyring, i int) (*person, error) {
	who := &person{login: fmt.Sprintf("%s%d", p.prefix, i)}
	var err error
	if who.Conn, err = peer.Dial(p.addr); err != nil {
		return nil, err
	}
	if err = who.logIn(k, p.password); err != nil {
		_ = who.Close()
		return nil, fmt.Errorf("%s: logging in: %w", who.login, err)
	}
	return who, nil
}

func (p *person) logIn(k *keyring, password string) error {
	if err := p.Hello(); err != nil {
		return err
	}
	return p.LoginSalted(p.login, func(asked wire.Challenge) ([]byte, error) { return k.key(asked, password) })
}

// join joins a room, of which it keeps nothing but its number and how far it is.
func (p *person) join(name string) (err error) {
	if p.room, err = p.Join(wire.Join{Name: name}); err != nil {
		return fmt.Errorf("%s: joining %s: %w", p.login, name, err)
	}
	p.at = p.room.Seq
	p.room.Roster, p.room.Past = nil, nil
	return nil
}

// hears waits for the next message of the room, which has to be the next one.
func (p *person) hears(id wire.ID) error {
	f, err := p.Find(peer.Limit, func(f peer.Frame) bool { return f.Room == p.room.Number && f.Type.Lasting() })
	if err != nil {
		return fmt.Errorf("%s: waiting for message %d: %w", p.login, p.at+1, err)
	}
	p.Drop(func(peer.Frame) bool { return true }) // who came and went
	if p.at++; f.Seq != p.at || f.ID != id {
		return fmt.Errorf("%s: message %d, expected %d", p.login, f.Seq, p.at)
	}
	return nil
}

// crowd logs people in, some at a time, and lets each join the room that it is to be in.
func (p plan) crowd(ctx context.Context, first, count int, room func(i int) string) ([]*person, error) {
	people := make([]*person, count)
	var k keyring
	err := several(ctx, count, func(i int) (err error) {
		if people[i], err = p.enter(&k, first+i); err != nil {
			return err
		}
		return people[i].join(room(first + i))
	})
	return people, err
}

const atOnce = 32

// several does something for each of so many, some at a time, until one fails.
func several(ctx context.Context, count int, do func(i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int)
	var group sync.WaitGroup
	for range min(atOnce, count) {
		group.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := 0; i < count && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

// counter is one of the server's, by its number in STATUS_IS.
func (p *person) counter(number uint16) (uint64, error) {
	f, err := p.Ask(wire.TypeStatus, 0, wire.Empty{}, wire.TypeStatusIs)
	if err != nil {
		return 0, err
	}
	status, err := wire.ParseStatusIs(f.Body)
	if err != nil {
		return 0, err
	}
	for _, c := range status.Counters {
		if c.Number == number {
			return c.Value, nil
		}
	}
	return 0, fmt.Errorf("the server has no counter %d", number)
}

// counts waits until a counter of the server has a value.
func (p *person) counts(number uint16, want uint64) error {
	for end := time.Now().Add(peer.Limit); ; time.Sleep(20 * time.Millisecond) {
		have, err := p.counter(number)
		if err != nil || have == want {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("counter %d: %d, want %d", number, have, want)
		}
	}
}

// bye says that it leaves for good.
func (p *person) bye() error {
	_, err := p.Request(wire.TypeBye, 0, wire.Empty{})
	return err
}

// leave ends all connections.
func leave(people []*person) {
	for _, who := range people {
		if who != nil {
			_ = who.Close()
		}
	}
}

// since is how long something took, for people to read.
func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Microsecond) }
