// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"kchat/server/accounts"
	"kchat/server/genl"
)

// DrainOrder says who gets the rooms of a server, by name or UUID; empty: it keeps them, and takes new ones again.
type DrainOrder struct {
	Successor string `json:"successor"`
}

// DrainStatus is how far a server is drained.
type DrainStatus struct {
	Successor accounts.UUID `json:"successor_uuid"`
	Name      string        `json:"successor"` // of the peer
	RoomsLeft uint32        `json:"rooms_left"`
	State     string        `json:"state"` // of the peer: silent, live or drained
}

// Drain sends the rooms of this server to a peer, and remembers that; or no more.
func (r *Runner) Drain(ctx context.Context, o DrainOrder) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return errStarting
	}
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		return err
	}
	client := genl.NewClient(r.backend)
	if o.Successor == "" {
		if err := client.Drain(ctx, nil); err != nil {
			return err
		}
		s.Successor, r.peers.undrained = nil, false
		return writeSettings(r.cfg.Paths, s)
	}
	i := s.find(o.Successor)
	switch {
	case i >= 0:
	case o.Successor == r.who.Name || strings.ToLower(o.Successor) == r.who.Server.String():
		return fmt.Errorf("%w: rooms go to another one", ErrOneself)
	default:
		return noPeer(o.Successor)
	}
	to := s.Peers[i]
	if err := client.Drain(ctx, (*[genl.UUIDLen]byte)(&to.Server)); err != nil {
		return drainFails(to, err)
	}
	s.Successor, r.peers.undrained = &to.Server, false
	return writeSettings(r.cfg.Paths, s)
}

func drainFails(to Peer, err error) error {
	switch {
	case errors.Is(err, unix.EHOSTUNREACH):
		return fmt.Errorf("%w: %s at %s; does it run, has it this server as a peer, and does UDP port %d lead to it?", ErrPeerSilent, to.Name, to.Host, to.UDP)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %s (\"kchat-tui admin drain --off\" there ends that)", ErrPeerDrained, to.Name)
	}
	return err
}

// drainStatus is how far we are drained; nil: not at all.
func (r *Runner) drainStatus(ctx context.Context, k genl.Status) (*DrainStatus, error) {
	if k.Successor == nil {
		return nil, nil
	}
	d := &DrainStatus{Successor: *k.Successor, Name: accounts.UUID(*k.Successor).String(), RoomsLeft: k.RoomsLeft, State: genl.PeerSilent.String()}
	list, err := r.Peers(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(p PeerStatus) bool { return p.Server == d.Successor }); i >= 0 {
		d.Name, d.State = list[i].Name, list[i].State
	}
	return d, nil
}

// AddPeer makes a server a peer of this user's server.
func AddPeer(ctx context.Context, p Paths, o PeerOrder) (peer Peer, err error) {
	err = command(ctx, p.control(), order{Do: orderPeerAdd, Peer: &o}, &peer)
	return peer, err
}

// DeletePeer takes a peer from this user's server.
func DeletePeer(ctx context.Context, p Paths, name string) error {
	return command(ctx, p.control(), order{Do: orderPeerDel, Peer: &PeerOrder{Name: name}}, nil)
}

// GetPeers lists the peers of this user's server.
func GetPeers(ctx context.Context, p Paths) (list []PeerStatus, err error) {
	err = command(ctx, p.control(), order{Do: orderPeers}, &list)
	return list, err
}

// Drain makes this user's server begin to send its rooms to a peer, or no more.
func Drain(ctx context.Context, p Paths, o DrainOrder) error {
	return command(ctx, p.control(), order{Do: orderDrain, Drain: &o}, nil)
}
