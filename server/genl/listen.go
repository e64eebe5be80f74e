// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
)

// eventsGroup is the multicast group of the family, as KCHAT_GENL_EVENTS.
const eventsGroup = "events"

// What happens on a server, as enum kchat_event.
const (
	eventLogin = iota + 1
	eventLogout
	eventJoin
	eventPart
	eventRoomMade
	eventRoomGone
	eventKick
	eventLimit
	eventPeer
	eventDrained
	eventRule
)

// EventMissed says that the kernel had more to tell than we took in time.
const EventMissed = "missed"

// Event is one thing that has happened on a server.
type Event struct {
	What     string    `json:"event"` // login, logout, join, part, room made, room gone, kick, limit, peer, drained, rule or missed
	Time     time.Time `json:"time"`  // when we heard of it
	Session  uint64    `json:"session,omitempty"`
	Account  uint64    `json:"account,omitempty"`
	Name     string    `json:"name,omitempty"`
	Peer     string    `json:"peer,omitempty"` // of a login: address and port
	Room     uint32    `json:"room,omitempty"`
	RoomName string    `json:"room_name,omitempty"`
	State    uint8     `json:"state,omitempty"`      // of a part: as enum kchat_person_state
	Limit    string    `json:"limit,omitempty"`      // its name
	Value    uint64    `json:"value,omitempty"`      // of the limit
	Action   uint8     `json:"action,omitempty"`     // of a rule: as wire.Action
	By       uint64    `json:"by,omitempty"`         // of a rule: who did it; 0: whoever runs the server
	Seconds  uint32    `json:"seconds,omitempty"`    // of a rule: as in wire.Ruling
	Server   string    `json:"server,omitempty"`     // of a peer: its name
	Peered   string    `json:"peer_state,omitempty"` // of a peer: silent, live or drained from now on
	Lost     uint32    `json:"lost,omitempty"`       // events before this one that were not told
}

// eventName gives a number of enum kchat_event its word. An unknown one is from a newer module.
func eventName(number uint8) string {
	names := map[uint8]string{
		eventLogin: "login", eventLogout: "logout", eventJoin: "join", eventPart: "part", eventRoomMade: "room made",
		eventRoomGone: "room gone", eventKick: "kick", eventLimit: "limit", eventPeer: "peer", eventDrained: "drained",
		eventRule: "rule",
	}
	if name, ok := names[number]; ok {
		return name
	}
	return fmt.Sprintf("event %d", number)
}

// Listener is a socket that hears what happens on the server of its network namespace.
type Listener struct {
	local *Local
}

// NewListener opens one. It needs CAP_NET_ADMIN.
func NewListener() (*Listener, error) {
	local, err := Dial(Family)
	if err != nil {
		return nil, err
	}
	if err := local.join(eventsGroup); err != nil {
		return nil, errors.Join(err, local.Close())
	}
	return &Listener{local: local}, nil
}

func (l *Local) join(name string) error {
	family, err := l.conn.GetFamily(Family)
	if err != nil {
		return fmt.Errorf("find the generic netlink family %q: %w", Family, err)
	}
	for _, group := range family.Groups {
		if group.Name != name {
			continue
		}
		if err := l.conn.JoinGroup(group.ID); err != nil {
			return fmt.Errorf("listen to the events of the module: %w", err)
		}
		return nil
	}
	return fmt.Errorf("listen to the events of the module: %w: it has no such group", errors.ErrUnsupported)
}

// Close ends Serve.
func (l *Listener) Close() error { return l.local.Close() }

// Serve calls handle with each event until the listener is closed.
func (l *Listener) Serve(handle func(Event)) error {
	for {
		messages, _, err := l.local.conn.Receive()
		switch {
		case errors.Is(err, syscall.ENOBUFS):
			handle(Event{What: EventMissed, Time: time.Now()})
			continue
		case err != nil:
			return fmt.Errorf("wait for events: %w", err)
		}
		for _, m := range messages {
			if m.Header.Command != cmdEvent {
				continue
			}
			event, err := decodeEvent(m.Data)
			if err != nil {
				return err
			}
			handle(event)
		}
	}
}

func decodeEvent(data []byte) (Event, error) {
	e := Event{Time: time.Now()}
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrEvent:
			e.What = eventName(d.Uint8())
		case attrEventsLost:
			e.Lost = d.Uint32()
		case attrSession:
			e.Session = d.Uint64()
		case attrAccount:
			e.Account = d.Uint64()
		case attrName:
			e.Name = d.String()
		case attrPeer:
			e.Peer = d.String()
		case attrRoom:
			e.Room = d.Uint32()
		case attrRoomName:
			e.RoomName = d.String()
		case attrState:
			e.State = d.Uint8()
		case attrServerName:
			e.Server = d.String()
		case attrPeerState:
			e.Peered = PeerState(d.Uint8()).String()
		case attrParamName:
			e.Limit = d.String()
		case attrParamValue:
			e.Value = d.Uint64()
		case attrAction:
			e.Action = d.Uint8()
		case attrBy:
			e.By = d.Uint64()
		case attrSeconds:
			e.Seconds = d.Uint32()
		}
	})
	return e, err
}
