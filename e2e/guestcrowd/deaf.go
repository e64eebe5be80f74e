// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"time"

	"kchat/e2e/peer"
)

// deaf measures how long a message takes to all who read, one after the other: before there is somebody who does not,
// and beside them. Both are printed, the median and the longest.
func deaf(ctx context.Context, p plan) error {
	people, without, err := p.undisturbed(ctx, p.people-1)
	defer func() { leave(people) }()
	if err != nil {
		return err
	}
	conn, err := peer.DialNarrow(p.addr)
	if err != nil {
		return err
	}
	lazy := &person{Conn: conn, login: fmt.Sprintf("%s%d", p.prefix, p.people-1)}
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
	fmt.Printf("without %s beside %s\n", without, beside)
	return nil
}
