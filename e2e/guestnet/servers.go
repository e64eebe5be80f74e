// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"kchat/e2e/driver"
	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/route"
	"kchat/wire"
)

// The cable between the two servers' network namespaces.
func nearAddress() [4]byte { return [4]byte{192, 0, 2, 1} }
func farAddress() [4]byte  { return [4]byte{192, 0, 2, 2} }

const cablePrefix = 24

// somebody is an account whose password is the login name.
func somebody(number uint64, login string) (genl.Account, error) {
	hash := sha256.Sum256([]byte(login))
	keys, err := wire.DeriveKeys(login, [wire.SaltLen]byte(hash[:]), wire.IterationsMin)
	return genl.Account{
		Number: number, Name: login, Login: login, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	}, err
}

// enter logs somebody in, whose password is the login name.
func enter(address, login string) (*peer.Conn, error) {
	c, err := peer.Dial(address)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.Hello(), c.Login(login, login)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// serversInTwoNamespaces: each has its own port, accounts, rooms and limits; the second ends with its namespace, while
// there are people in it from the first.
func serversInTwoNamespaces(ctx context.Context) error {
	if err := driver.Load("veth"); err != nil {
		return err
	}
	far := netip.AddrPortFrom(netip.AddrFrom4(farAddress()), wire.Port).String()
	var guests [2]*peer.Conn
	err := elsewhere(func(namespace int) error {
		if err := startThere(ctx, namespace); err != nil {
			return err
		}
		return here(func() error {
			if err := errors.Join(setAddress(nearEnd, nearAddress()), apart(ctx, far)); err != nil {
				return err
			}
			return visit(far, &guests)
		})
	})
	if err != nil {
		return err
	}
	// Nothing holds the namespace any more but the server in it, and that does not.
	for i, c := range guests {
		if err := ends(c); err != nil {
			return fmt.Errorf("guest %d of a namespace that has gone: %w", i, err)
		}
	}
	fmt.Println("the namespace has gone, and its people know")
	home, err := enter(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), wire.Port).String(), "home")
	if err != nil {
		return fmt.Errorf("the first server, after that: %w", err)
	}
	return home.Close()
}

func setAddress(name string, addr [4]byte) error {
	return route.WithLink(name, func(conn *route.Conn, link *net.Interface) error {
		return conn.AddAddress(link.Index, addr, cablePrefix)
	})
}

// startThere starts a server in the caller's namespace, and gives it an account and limits of its own.
func startThere(ctx context.Context, namespace int) error {
	if err := errors.Join(plug(namespace), setAddress(farEnd, farAddress())); err != nil {
		return err
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	client := genl.NewClient(local)
	if list, err := client.Accounts(ctx); err != nil || len(list) != 0 {
		return fmt.Errorf("a new namespace has %d accounts: %w", len(list), err)
	}
	for i, login := range []string{"away", "guest"} {
		account, err := somebody(uint64(1+i), login) // numbers that the first server has given, too
		if err != nil {
			return err
		}
		if err := client.SetAccount(ctx, account); err != nil {
			return err
		}
	}
	// The guests say nothing while the machine takes its time.
	for name, value := range map[string]uint64{"rooms": 3, "silence_ms": 600_000, "lost_ms": 600_000} {
		if err := client.SetParam(ctx, name, value); err != nil {
			return err
		}
	}
	return client.Start(ctx, genl.Start{Name: "second", Generation: 1, Iterations: wire.IterationsMin})
}

// apart looks at both servers from the first namespace.
func apart(ctx context.Context, far string) error {
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	client := genl.NewClient(local)
	params, err := client.Params(ctx)
	if err != nil {
		return err
	}
	for _, p := range params {
		if p.Name == "rooms" && p.Value == 3 {
			return errors.New("a limit of the second server holds in the first")
		}
	}
	if c, err := enter(far, "home"); err == nil {
		return errors.Join(errors.New("an account of the first server is known to the second"), c.Close())
	}
	home := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), wire.Port).String()
	if c, err := enter(home, "away"); err == nil {
		return errors.Join(errors.New("an account of the second server is known to the first"), c.Close())
	}
	fmt.Println("each has its own accounts and limits")
	return nil
}

// visit brings two people into a room of the second server, with a stream under way.
func visit(far string, guests *[2]*peer.Conn) (err error) {
	var rooms [2]*peer.Room
	for i, login := range []string{"away", "guest"} {
		if guests[i], err = enter(far, login); err != nil {
			return err
		}
		if guests[i].Welcome.Name != "second" {
			return fmt.Errorf("WELCOME of %q", guests[i].Welcome.Name)
		}
		if rooms[i], err = guests[i].Join(wire.Join{Name: "abroad"}); err != nil {
			return err
		}
	}
	a, b := guests[0], guests[1]
	if err := a.Say(rooms[0].Number, peer.NewID(), "hello"); err != nil {
		return err
	}
	if _, err := b.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeMsg }); err != nil {
		return fmt.Errorf("hear the other: %w", err)
	}
	id := peer.NewID()
	return a.Send(wire.Header{Type: wire.TypeStreamBegin, Room: rooms[0].Number, ID: id}, wire.StreamBegin{
		Size: wire.SizeUnknown, Width: 64, Height: 48, Kind: wire.StreamVideo, MIME: "video/x", Name: "film",
	})
}

// ends waits for the last word and the end of a connection.
func ends(c *peer.Conn) error {
	defer c.Close()
	f, err := c.Find(60*patience, func(f peer.Frame) bool { return f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 })
	if err != nil {
		return fmt.Errorf("no last word: %w", err)
	}
	said, err := wire.ParseError(f.Body)
	if err != nil {
		return fmt.Errorf("the last word: %w", err)
	}
	if said.Number != wire.ErrShutdown {
		return fmt.Errorf("the last word is %+v", said)
	}
	_, err = c.Find(60*patience, func(peer.Frame) bool { return false })
	if err == nil || errors.Is(err, peer.ErrNothing) {
		return fmt.Errorf("it does not end: %w", err)
	}
	return nil
}
