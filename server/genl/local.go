// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// Local is the transport to the module in the running kernel.
type Local struct {
	conn *genetlink.Conn
	id   uint16
}

// Dial finds the family of the given name. Without the module loaded the error is os.ErrNotExist.
func Dial(family string) (*Local, error) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return nil, fmt.Errorf("open a generic netlink socket: %w", err)
	}
	// So that errors say in words what was wrong with the request.
	if err := conn.SetOption(netlink.ExtendedAcknowledge, true); err != nil {
		return nil, errors.Join(fmt.Errorf("ask generic netlink for errors in words: %w", err), conn.Close())
	}
	f, err := conn.GetFamily(family)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find the generic netlink family %q: %w", family, err), conn.Close())
	}
	return &Local{conn: conn, id: f.ID}, nil
}

// Close releases the socket.
func (l *Local) Close() error { return l.conn.Close() }

// Execute sends one request and waits for its answers. The kernel answers at once, so ctx is not asked.
func (l *Local) Execute(_ context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	replies, err := l.conn.Execute(message(command, data), l.id, flags)
	if err != nil {
		return nil, err
	}
	var answers [][]byte
	for _, reply := range replies {
		answers = append(answers, reply.Data)
	}
	return answers, nil
}

func message(command uint8, data []byte) genetlink.Message {
	return genetlink.Message{Header: genetlink.Header{Command: command, Version: Version}, Data: data}
}
