// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// ErrInterrupted says that a list changed while the kernel told it: some of it may be there twice or not at all.
var ErrInterrupted = fmt.Errorf("the list changed while it was read (%w)", syscall.EINTR)

// Local is the transport to the module in the running kernel.
type Local struct {
	raw  *netlink.Conn
	conn *genetlink.Conn // the same socket
	id   uint16
}

// Dial finds the family of the given name. Without the module loaded the error is os.ErrNotExist.
func Dial(family string) (*Local, error) {
	raw, err := netlink.Dial(unix.NETLINK_GENERIC, nil)
	if err != nil {
		return nil, fmt.Errorf("open a generic netlink socket: %w", err)
	}
	conn := genetlink.NewConn(raw)
	// So that errors say in words what was wrong with the request.
	if err := conn.SetOption(netlink.ExtendedAcknowledge, true); err != nil {
		return nil, errors.Join(fmt.Errorf("ask generic netlink for errors in words: %w", err), conn.Close())
	}
	f, err := conn.GetFamily(family)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find the generic netlink family %q: %w", family, err), conn.Close())
	}
	return &Local{raw: raw, conn: conn, id: f.ID}, nil
}

// Close releases the socket.
func (l *Local) Close() error { return l.conn.Close() }

// Execute sends one request and waits for its answers. The kernel answers at once, so ctx is not asked. ErrInterrupted:
// the list is not of one moment.
func (l *Local) Execute(_ context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	request, err := message(command, data).MarshalBinary()
	if err != nil {
		return nil, err
	}
	replies, err := l.raw.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(l.id), Flags: flags}, Data: request,
	})
	if err != nil {
		return nil, err
	}
	var answers [][]byte
	for _, reply := range replies {
		if reply.Header.Flags&netlink.DumpInterrupted != 0 {
			return nil, ErrInterrupted
		}
		var m genetlink.Message
		if err := m.UnmarshalBinary(reply.Data); err != nil {
			return nil, err
		}
		answers = append(answers, m.Data)
	}
	return answers, nil
}

func message(command uint8, data []byte) genetlink.Message {
	return genetlink.Message{Header: genetlink.Header{Command: command, Version: Version}, Data: data}
}
