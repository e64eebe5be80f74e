// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kchat/e2e/peer"
)

// words are long enough that those of a run are more than a socket takes.
var words = strings.Repeat("so many words ", 280)

// deaf measures how long a message takes to all who read, one after the other: before there is somebody who does not,
// and beside them. Both are printed, the median and the longest.
func deaf(ctx context.Context, p plan) error {
	people, err := p.crowd(ctx, 0, p.people-1, func(int) string { return "all" })
	defer func() { leave(people) }()
	if err != nil {
		return err
	}
	for _, who := range people {
		who.KeepAlive(2 * time.Second)
	}
	if err := p.talk(people); err != nil { // the first words of a connection cost more
		return err
	}
	before, err := p.rounds(people)
	if err != nil {
		return err
	}
	last := p
	conn, err := peer.DialNarrow(p.addr)
	if err != nil {
		return err
	}
	lazy := &person{Conn: conn, login: fmt.Sprintf("%s%d", last.prefix, last.people-1)}
	defer lazy.Close()
	if err := lazy.logIn(&keyring{}, p.password); err != nil {
		return err
	}
	if err := lazy.join("all"); err != nil {
		return err
	}
	lazy.KeepAlive(2 * time.Second) // it is there, and reads nothing
	if err := p.talk(people); err != nil {
		return err
	}
	beside, err := p.rounds(people)
	if err != nil {
		return err
	}
	slices.Sort(before)
	slices.Sort(beside)
	fmt.Printf("without %d %d beside %d %d\n", before[len(before)/2], before[len(before)-1], beside[len(beside)/2], beside[len(beside)-1])
	return nil
}

// talk says so much that the socket of somebody who does not read is full.
func (p plan) talk(people []*person) error {
	for range 64 {
		if err := say(people); err != nil {
			return err
		}
	}
	return nil
}

// rounds measures each message.
func (p plan) rounds(people []*person) (took []int64, err error) {
	for range p.messages {
		began := time.Now()
		if err := say(people); err != nil {
			return nil, err
		}
		took = append(took, int64(time.Since(began)))
	}
	return took, nil
}

// say has the first one say something, and all hear it.
func say(people []*person) error {
	id := peer.NewID()
	if err := people[0].Say(people[0].room.Number, id, words); err != nil {
		return err
	}
	for _, who := range people {
		if err := who.hears(id); err != nil {
			return err
		}
	}
	return nil
}
