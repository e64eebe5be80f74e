// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/mdlayher/netlink"
)

// Service is the socket that the module sends its account requests to.
type Service struct {
	local *Local
}

// NewService makes a new socket the accounts service of the module.
func NewService(ctx context.Context) (*Service, error) {
	local, err := Dial(Family)
	if err != nil {
		return nil, err
	}
	if _, err := local.Execute(ctx, cmdService, netlink.Request|netlink.Acknowledge, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("become the accounts service: %w", err), local.Close())
	}
	return &Service{local: local}, nil
}

// Close gives the service up; Serve ends.
func (s *Service) Close() error { return s.local.Close() }

// Serve calls handle with each request until the service is closed. What is no request is passed over.
func (s *Service) Serve(handle func(Request)) error {
	for {
		messages, _, err := s.local.conn.Receive()
		var errno syscall.Errno
		switch {
		case errors.As(err, &errno) && errno != syscall.EBADF:
			continue // an answer to a Decision that came too late, or requests lost under load: clients time out and ask again
		case err != nil:
			return fmt.Errorf("wait for account requests: %w", err)
		}
		for _, m := range messages {
			switch m.Header.Command {
			case cmdRegisterRequest, cmdPasswdRequest, cmdRoomRequest:
			default:
				continue
			}
			request, err := decodeRequest(m.Header.Command, m.Data)
			if err != nil {
				continue // the module does not send such; nothing could be answered
			}
			handle(request)
		}
	}
}

// Decide answers a request. The kernel says nothing back: a decision that comes too late is forgotten there.
func (s *Service) Decide(d Decision) error {
	data, err := encode(func(e *netlink.AttributeEncoder) {
		e.Uint64(attrCookie, d.Cookie)
		e.Uint16(attrError, uint16(d.Error))
		if d.Account != 0 {
			e.Uint64(attrAccount, d.Account)
		}
	})
	if err != nil {
		return fmt.Errorf("write a decision: %w", err)
	}
	if _, err := s.local.conn.Send(message(cmdDecision, data), s.local.id, netlink.Request); err != nil {
		return fmt.Errorf("send a decision: %w", err)
	}
	return nil
}
