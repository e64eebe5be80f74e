// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"

	"kchat/server/genl"
)

const nobodysID = 65534

// nobody gives up what root may and then gives each order; it prints one line for each, with what was answered.
func nobody(ctx context.Context) error {
	if err := errors.Join(syscall.Setgid(nobodysID), syscall.Setuid(nobodysID)); err != nil {
		return fmt.Errorf("become nobody: %w", err)
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	c := genl.NewClient(local)
	_, status := c.Status(ctx)
	_, accounts := c.Accounts(ctx)
	_, rooms := c.Rooms(ctx)
	_, sessions := c.Sessions(ctx)
	_, params := c.Params(ctx)
	_, service := genl.NewService(ctx)
	heard := overhear()
	_, record := c.Room(ctx, "mine")
	_, standings := c.Standings(ctx, "")
	everyCommand(ctx, local)
	for _, o := range []struct {
		what string
		err  error
	}{
		{"start", c.Start(ctx, genl.Start{Name: "mine", Generation: 1, Iterations: 4096})},
		{"stop", c.Stop(ctx)},
		{"status", status},
		{"accounts", accounts},
		{"account-set", c.SetAccount(ctx, genl.Account{Number: 1, Name: "me", Login: "me", Flags: genl.FlagAdmin})},
		{"account-del", c.DeleteAccount(ctx, 1)},
		{"rooms", rooms},
		{"sessions", sessions},
		{"kick", c.Kick(ctx, 1, 0)},
		{"params", params},
		{"param-set", c.SetParam(ctx, "connections", 1)},
		{"service", service},
		{"events", heard},
		{"ether-set", c.SetEther(ctx, "lo", true)},
		{"room-set", c.SetRoom(ctx, genl.KeptRoom{Name: "mine", Owner: 1})},
		{"room-del", c.DeleteRoom(ctx, "mine")},
		{"room-record", record},
		{"standings", standings},
		{"rule", c.Order(ctx, genl.Order{Room: "mine", Action: 2, Account: 1})},
	} {
		fmt.Printf("%s: %s\n", o.what, answered(o.err))
	}
	return nil
}

// eavesdrop is how long somebody listens who must not hear anything.
const eavesdrop = 3 * time.Second

// errSilence: the kernel has no groups that only some may join, and nothing was heard in this one.
var errSilence = errors.New("silence")

// overhear listens to what happens on the server. The error says what came of it; nil: something was heard.
func overhear() error {
	l, err := genl.NewListener()
	if err != nil {
		return err
	}
	end := time.AfterFunc(eavesdrop, func() { _ = l.Close() })
	began, heard := time.Now(), 0
	err = l.Serve(func(genl.Event) { heard++ })
	end.Stop()
	switch {
	case heard > 0:
		return nil
	case time.Since(began) < eavesdrop:
		return err // something else has ended it
	}
	return errSilence
}

func answered(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return fmt.Sprintf("errno %d", errno)
	case err != nil:
		return err.Error()
	}
	return "obeyed"
}

// everyCommand gives each order that there is, with nothing in it, and asks for each list.
func everyCommand(ctx context.Context, local *genl.Local) {
	for command := 1; command < 256; command++ {
		for _, flags := range []netlink.HeaderFlags{netlink.Request | netlink.Acknowledge, netlink.Request | netlink.Dump} {
			_, err := local.Execute(ctx, uint8(command), flags, nil)
			if !errors.Is(err, syscall.EOPNOTSUPP) {
				fmt.Printf("command %d: %s\n", command, answered(err))
			}
		}
	}
}
