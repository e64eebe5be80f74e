// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"kchat/server/genl"
)

// listed is how many accounts there are to be listed: many times what the kernel tells at once.
const listed = 1000

// firstListed is where the numbers of the accounts begin that are there to be listed.
const firstListed = 1 << 41

// lists shows what becomes of a list that changes while it is read: what the kernel says, what one request of package
// genl answers, and what its client makes of it.
func lists(ctx context.Context) error {
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	c := genl.NewClient(local)
	for n := range uint64(listed) {
		if err := change(ctx, c, n); err != nil {
			return err
		}
	}
	family, _, err := acquaint(ctx)
	if err != nil {
		return err
	}
	for _, changes := range []bool{false, true} {
		flags, err := readSlowly(family, func() error {
			if !changes {
				return nil
			}
			return change(ctx, c, listed)
		})
		if err != nil {
			return err
		}
		fmt.Printf("changed %v: interrupted %v\n", changes, flags&unix.NLM_F_DUMP_INTR != 0)
	}
	return readWhileItChanges(ctx, c)
}

func change(ctx context.Context, c *genl.Client, n uint64) error {
	name := fmt.Sprintf("listed-%d", n)
	return c.SetAccount(ctx, genl.Account{Number: firstListed + n, Name: name, Login: name})
}

// readSlowly asks for the accounts, and does something when it has read the first of them. It returns the flags of all
// messages together.
func readSlowly(family uint16, between func() error) (flags uint16, err error) {
	o := &orderer{fd: -1}
	if err := o.open(); err != nil {
		return 0, err
	}
	defer o.hangUp()
	var made order
	_, _ = genl.NewClient(&made).Accounts(context.Background())
	o.family = family
	request := binary.NativeEndian.AppendUint32(nil, unix.NLMSG_HDRLEN+unix.GENL_HDRLEN)
	request = binary.NativeEndian.AppendUint16(request, family)
	request = binary.NativeEndian.AppendUint16(request, uint16(made.flags))
	request = append(request, make([]byte, 8)...)
	request = append(request, made.command, genl.Version, 0, 0)
	if err := unix.Sendto(o.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, fmt.Errorf("ask for the accounts: %w", err)
	}
	var answer [4096]byte
	for first := true; ; first = false {
		n, _, err := unix.Recvfrom(o.fd, answer[:], 0)
		if err != nil {
			return 0, fmt.Errorf("read the accounts: %w", err)
		}
		for rest := answer[:n]; len(rest) >= unix.NLMSG_HDRLEN; {
			flags |= binary.NativeEndian.Uint16(rest[6:])
			if kind := binary.NativeEndian.Uint16(rest[4:]); kind == unix.NLMSG_DONE || kind == unix.NLMSG_ERROR {
				return flags, nil
			}
			length := int(binary.NativeEndian.Uint32(rest)+3) &^ 3
			rest = rest[min(length, len(rest)):]
		}
		if first {
			if err := between(); err != nil {
				return 0, err
			}
		}
	}
}

// readWhileItChanges asks again and again beside somebody who changes the accounts, until one request was interrupted;
// then once more by the client, who asks until it has a whole one.
func readWhileItChanges(ctx context.Context, c *genl.Client) error {
	changing, cancel := context.WithCancel(ctx)
	defer cancel()
	var busy sync.WaitGroup
	defer busy.Wait()
	busy.Go(func() {
		local, err := genl.Dial(genl.Family)
		if err != nil {
			return
		}
		defer local.Close()
		for n := uint64(0); changing.Err() == nil; n++ {
			_ = change(changing, genl.NewClient(local), n%listed)
		}
	})
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	var made order
	_, _ = genl.NewClient(&made).Accounts(ctx)
	for err = nil; !errors.Is(err, genl.ErrInterrupted); {
		if ctx.Err() != nil {
			return fmt.Errorf("no list was interrupted: %w", ctx.Err())
		}
		_, err = local.Execute(ctx, made.command, made.flags, made.data)
	}
	fmt.Println("one request:", err)
	cancel()
	list, err := c.Accounts(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("the client: %d accounts\n", len(list))
	return nil
}
