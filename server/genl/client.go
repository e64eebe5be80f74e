// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/mdlayher/netlink"
)

// Transport carries one request to the family and brings the attributes of every message answered.
type Transport interface {
	Execute(ctx context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error)
}

// Bulk is a Transport for which the way costs more than what is asked at its end.
type Bulk interface {
	// ExecuteEach carries requests of one command that are only acknowledged. They are made one after the other until
	// one fails.
	ExecuteEach(ctx context.Context, command uint8, flags netlink.HeaderFlags, data [][]byte) error
}

// executeEach makes requests of one command one after the other, until one fails.
func executeEach(ctx context.Context, to Transport, command uint8, flags netlink.HeaderFlags, data [][]byte) error {
	if bulk, ok := to.(Bulk); ok {
		return bulk.ExecuteEach(ctx, command, flags, data)
	}
	for _, request := range data {
		if _, err := to.Execute(ctx, command, flags, request); err != nil {
			return err
		}
	}
	return nil
}

// Client gives orders to the module and asks it. Errors from the kernel satisfy errors.Is with their errno.
type Client struct {
	to Transport
}

// NewClient speaks over the given transport.
func NewClient(to Transport) *Client { return &Client{to: to} }

// Start tells the module who it is and opens its port.
func (c *Client) Start(ctx context.Context, s Start) error {
	return c.do(ctx, "start the server", cmdStart, func(e *netlink.AttributeEncoder) {
		e.Bytes(attrServerUUID, s.ServerUUID[:])
		e.Bytes(attrCommunityUUID, s.CommunityUUID[:])
		e.String(attrServerName, s.Name)
		e.Uint32(attrGeneration, s.Generation)
		e.Bytes(attrSecret, s.Secret[:])
		e.Uint32(attrIterations, s.Iterations)
		e.Uint8(attrRegister, uint8(s.Register))
		if s.Port != 0 {
			e.Uint16(attrPort, s.Port)
		}
		if s.UDPPort != nil {
			e.Uint16(attrUDPPort, *s.UDPPort)
		}
		if s.OuterPort != 0 {
			e.Uint16(attrOuterPort, s.OuterPort)
		}
		if s.Addr.IsValid() {
			addr := s.Addr.As16()
			e.Bytes(attrAddr, addr[:])
		}
		for _, p := range s.ProxyFrom {
			e.Nested(attrProxyFrom, func(e *netlink.AttributeEncoder) error { return encodePrefix(e, p) })
		}
		if len(s.CommunitySecret) > 0 {
			e.Bytes(attrCommunitySecret, s.CommunitySecret)
		}
		if s.Successor != nil {
			e.Bytes(attrSuccessor, s.Successor[:])
		}
	})
}

// mappedBits is how many bits of an IPv4-mapped IPv6 address come before the IPv4 address.
const mappedBits = 96

func encodePrefix(e *netlink.AttributeEncoder, p netip.Prefix) error {
	if !p.IsValid() {
		return fmt.Errorf("%v is not a network", p)
	}
	addr, bits := p.Addr().As16(), p.Bits()
	if p.Addr().Is4() {
		bits += mappedBits
	}
	e.Bytes(attrAddr, addr[:])
	e.Uint8(attrPrefixLen, uint8(bits))
	return nil
}

// Stop closes the port and ends every connection.
func (c *Client) Stop(ctx context.Context) error {
	return c.do(ctx, "stop the server", cmdStop, nil)
}

// Status asks how the server is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	replies, err := c.to.Execute(ctx, cmdStatus, netlink.Request, nil)
	if err != nil {
		return Status{}, fmt.Errorf("ask the module for its status: %w", err)
	}
	if len(replies) == 0 {
		return Status{}, fmt.Errorf("ask the module for its status: no answer")
	}
	return decodeStatus(replies[0])
}

// SetAccount adds an account, or replaces the one with its number.
func (c *Client) SetAccount(ctx context.Context, a Account) error {
	return c.SetAccounts(ctx, []Account{a})
}

// SetAccounts does what SetAccount does for one after the other. With an error nobody knows for how many.
func (c *Client) SetAccounts(ctx context.Context, accounts []Account) error {
	const what = "give an account to the module"
	requests := make([][]byte, len(accounts))
	for i, a := range accounts {
		var err error
		requests[i], err = encode(func(e *netlink.AttributeEncoder) { encodeAccount(e, a) })
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := executeEach(ctx, c.to, cmdAccountSet, netlink.Request|netlink.Acknowledge, requests); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func encodeAccount(e *netlink.AttributeEncoder, a Account) {
	e.Uint64(attrAccount, a.Number)
	e.String(attrName, a.Name)
	e.String(attrLogin, a.Login)
	e.Uint32(attrFlags, a.Flags)
	e.Bytes(attrSalt, a.Salt[:])
	e.Bytes(attrStoredKey, a.StoredKey[:])
	e.Bytes(attrServerKey, a.ServerKey[:])
	if a.UID != nil {
		e.Uint32(attrUID, *a.UID)
	}
}

// DeleteAccount takes an account away; its sessions end.
func (c *Client) DeleteAccount(ctx context.Context, number uint64) error {
	return c.do(ctx, "take an account from the module", cmdAccountDel, func(e *netlink.AttributeEncoder) {
		e.Uint64(attrAccount, number)
	})
}

// Kick ends a session, or, if that is 0, all sessions of an account. ENOENT: there is none.
func (c *Client) Kick(ctx context.Context, session, account uint64) error {
	return c.do(ctx, "end sessions", cmdKick, func(e *netlink.AttributeEncoder) {
		if session != 0 {
			e.Uint64(attrSession, session)
		} else {
			e.Uint64(attrAccount, account)
		}
	})
}

// SetParam changes a limit of the module.
func (c *Client) SetParam(ctx context.Context, name string, value uint64) error {
	return c.do(ctx, "set "+name, cmdParamSet, func(e *netlink.AttributeEncoder) {
		e.String(attrParamName, name)
		e.Uint64(attrParamValue, value)
	})
}

// Accounts lists the accounts that the module knows; their keys stay in the kernel.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return dump(ctx, c.to, "accounts", cmdAccountGet, decodeAccount)
}

// Rooms lists the rooms.
func (c *Client) Rooms(ctx context.Context) ([]Room, error) {
	return dump(ctx, c.to, "rooms", cmdRoomGet, decodeRoom)
}

// Sessions lists who is logged in.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	return dump(ctx, c.to, "sessions", cmdSessionGet, decodeSession)
}

// Params lists the limits that can be changed.
func (c *Client) Params(ctx context.Context) ([]Param, error) {
	return dump(ctx, c.to, "limits", cmdParamGet, decodeParam)
}

// SetEther makes the server answer discovery on the Ethernet interface of that name, or no more. The interface
// need not be there yet.
func (c *Client) SetEther(ctx context.Context, name string, on bool) error {
	return c.do(ctx, "switch discovery on "+name, cmdEtherSet, func(e *netlink.AttributeEncoder) {
		e.String(attrIfname, name)
		value := uint8(0)
		if on {
			value = 1
		}
		e.Uint8(attrEther, value)
	})
}

// Ether lists the interfaces on which discovery is answered.
func (c *Client) Ether(ctx context.Context) ([]Interface, error) {
	return dump(ctx, c.to, "interfaces", cmdEtherGet, decodeInterface)
}

func (c *Client) do(ctx context.Context, what string, command uint8, fill func(*netlink.AttributeEncoder)) error {
	data, err := encode(fill)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, err := c.to.Execute(ctx, command, netlink.Request|netlink.Acknowledge, data); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func encode(fill func(*netlink.AttributeEncoder)) ([]byte, error) {
	if fill == nil {
		return nil, nil
	}
	e := netlink.NewAttributeEncoder()
	fill(e)
	return e.Encode()
}

func dump[T any](ctx context.Context, to Transport, what string, command uint8, read func([]byte) (T, error)) ([]T, error) {
	return dumpWith(ctx, to, what, command, nil, read)
}

func dumpWith[T any](ctx context.Context, to Transport, what string, command uint8, data []byte, read func([]byte) (T, error)) ([]T, error) {
	replies, err := dumpWhole(ctx, to, command, data)
	if err != nil {
		return nil, fmt.Errorf("ask the module for its %s: %w", what, err)
	}
	list := make([]T, 0, len(replies))
	for _, reply := range replies {
		item, err := read(reply)
		if err != nil {
			return nil, fmt.Errorf("ask the module for its %s: %w", what, err)
		}
		list = append(list, item)
	}
	return list, nil
}

// dumpTries is how often a list is asked for that changes while it is read. On a busy server a long one may change each
// time; then an error is better than a list of which nobody knows what it lacks.
const dumpTries = 20

func dumpWhole(ctx context.Context, to Transport, command uint8, data []byte) (replies [][]byte, err error) {
	for range dumpTries {
		replies, err = to.Execute(ctx, command, netlink.Request|netlink.Dump, data)
		if !errors.Is(err, syscall.EINTR) || ctx.Err() != nil {
			break
		}
	}
	return replies, err
}
