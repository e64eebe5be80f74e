// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
)

// walk calls visit for each attribute in data.
func walk(data []byte, visit func(*netlink.AttributeDecoder)) error {
	d, err := netlink.NewAttributeDecoder(data)
	if err != nil {
		return fmt.Errorf("read attributes: %w", err)
	}
	for d.Next() {
		visit(d)
	}
	if err := d.Err(); err != nil {
		return fmt.Errorf("read attributes: %w", err)
	}
	return nil
}

func decodeStatus(data []byte) (Status, error) {
	s := Status{Counters: map[uint16]uint64{}}
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrRunning:
			s.Running = d.Uint8() != 0
		case attrServerUUID:
			copy(s.ServerUUID[:], d.Bytes())
		case attrCommunityUUID:
			copy(s.CommunityUUID[:], d.Bytes())
		case attrServerName:
			s.Name = d.String()
		case attrGeneration:
			s.Generation = d.Uint32()
		case attrIterations:
			s.Iterations = d.Uint32()
		case attrPort:
			s.Port = d.Uint16()
		case attrRegister:
			s.Register = Registration(d.Uint8())
		case attrProxyFrom:
			d.Nested(s.proxyFrom)
		case attrModuleVersion:
			s.ModuleVersion = d.String()
		case attrSuccessor:
			s.Successor = new([UUIDLen]byte)
			copy(s.Successor[:], d.Bytes())
		case attrRoomsLeft:
			s.RoomsLeft = d.Uint32()
		case attrCounter:
			d.Nested(s.counter)
		}
	})
	return s, err
}

func (s *Status) proxyFrom(d *netlink.AttributeDecoder) error {
	var addr [16]byte
	var bits int
	for d.Next() {
		switch d.Type() {
		case attrAddr:
			copy(addr[:], d.Bytes())
		case attrPrefixLen:
			bits = int(d.Uint8())
		}
	}
	from := netip.AddrFrom16(addr)
	if from.Is4In6() && bits >= mappedBits {
		from, bits = from.Unmap(), bits-mappedBits
	}
	s.ProxyFrom = append(s.ProxyFrom, netip.PrefixFrom(from, bits))
	return d.Err()
}

func (s *Status) counter(d *netlink.AttributeDecoder) error {
	var id uint16
	var value uint64
	for d.Next() {
		switch d.Type() {
		case attrCounterID:
			id = d.Uint16()
		case attrCounterValue:
			value = d.Uint64()
		}
	}
	s.Counters[id] = value
	return d.Err()
}

func decodeAccount(data []byte) (Account, error) {
	var a Account
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrAccount:
			a.Number = d.Uint64()
		case attrName:
			a.Name = d.String()
		case attrLogin:
			a.Login = d.String()
		case attrFlags:
			a.Flags = d.Uint32()
		case attrUID:
			uid := d.Uint32()
			a.UID = &uid
		}
	})
	return a, err
}

func decodeRoom(data []byte) (Room, error) {
	var r Room
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrRoom:
			r.Number = d.Uint32()
		case attrRoomName:
			r.Name = d.String()
		case attrRoomFlags:
			r.Flags = d.Uint32()
		case attrEpoch:
			r.Epoch = d.Uint64()
		case attrSeq:
			r.Sequence = d.Uint64()
		case attrPeople:
			r.People = d.Uint32()
		case attrLogBytes:
			r.LogBytes = d.Uint64()
		case attrOwner:
			r.Owner = d.Uint64()
		}
	})
	return r, err
}

func decodeSession(data []byte) (Session, error) {
	var s Session
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrSession:
			s.Number = d.Uint64()
		case attrAccount:
			s.Account = d.Uint64()
		case attrName:
			s.Name = d.String()
		case attrPeer:
			s.Peer = d.String()
		case attrSinceMS:
			s.SinceMS = d.Uint64()
		case attrState:
			s.State = d.Uint8()
		case attrRoomCount:
			s.Rooms = d.Uint32()
		case attrLag:
			s.Lag = d.Uint64()
		case attrBytesIn:
			s.BytesIn = d.Uint64()
		case attrBytesOut:
			s.BytesOut = d.Uint64()
		}
	})
	return s, err
}

func decodeParam(data []byte) (Param, error) {
	var p Param
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrParamName:
			p.Name = d.String()
		case attrParamValue:
			p.Value = d.Uint64()
		case attrParamMin:
			p.Min = d.Uint64()
		case attrParamMax:
			p.Max = d.Uint64()
		}
	})
	return p, err
}

func decodeRequest(command uint8, data []byte) (Request, error) {
	var r Request
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrCookie:
			r.Cookie = d.Uint64()
		case attrAccount:
			r.Account = d.Uint64()
		case attrName:
			r.Name = d.String()
		case attrCode:
			r.Code = d.String()
		case attrSalt:
			copy(r.Salt[:], d.Bytes())
		case attrStoredKey:
			copy(r.StoredKey[:], d.Bytes())
		case attrServerKey:
			copy(r.ServerKey[:], d.Bytes())
		case attrLoopback:
			r.Loopback = d.Uint8() != 0
		case attrPeer:
			r.Peer = d.String()
		case attrRoomName:
			r.Room = d.String()
		case attrKeep:
			r.Keep = d.Uint8() != 0
		}
	})
	if err == nil && command == cmdPasswdRequest && r.Account == 0 {
		err = fmt.Errorf("a password request names no account")
	}
	return r, err
}

func decodeInterface(data []byte) (Interface, error) {
	var i Interface
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrIfname:
			i.Name = d.String()
		case attrIfindex:
			i.Index = d.Uint32()
		}
	})
	return i, err
}
