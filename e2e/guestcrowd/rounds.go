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

// undisturbed gathers people in one room and measures how long a message takes to all of them, one after the other. The
// people are the caller's, also with an error.
func (p plan) undisturbed(ctx context.Context, people int) (crowd []*person, took rounds, err error) {
	crowd, err = p.crowd(ctx, 0, people, func(int) string { return "all" })
	if err != nil {
		return crowd, nil, err
	}
	for _, who := range crowd {
		who.KeepAlive(2 * time.Second)
	}
	if err := p.talk(crowd); err != nil { // the first words of a connection cost more
		return crowd, nil, err
	}
	took, err = p.rounds(crowd)
	return crowd, took, err
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

// rounds is how long each message took to all, in ns.
type rounds []int64

// rounds measures each message.
func (p plan) rounds(people []*person) (took rounds, err error) {
	for range p.messages {
		began := time.Now()
		if err := say(people); err != nil {
			return nil, err
		}
		took = append(took, int64(time.Since(began)))
	}
	return took, nil
}

// String is the median and the longest.
func (r rounds) String() string {
	sorted := slices.Sorted(slices.Values(r))
	return fmt.Sprint(sorted[len(sorted)/2], sorted[len(sorted)-1])
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
