// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

// Status is what a server says of itself. Its JSON is the output of "kchat-tui server status --json".
type Status struct {
	Mode         Mode              `json:"mode"`
	Kernel       string            `json:"kernel"`          // release
	Accel        string            `json:"accel,omitempty"` // of the microVM: kvm or tcg
	Module       string            `json:"module"`          // version
	Name         string            `json:"name"`
	Server       accounts.UUID     `json:"server_uuid"`
	Community    accounts.UUID     `json:"community_uuid"`
	Generation   uint32            `json:"generation"`
	Listen       netip.AddrPort    `json:"listen"`
	Addresses    []string          `json:"addresses"` // to give to others
	Registration string            `json:"registration"`
	Discovery    Discovery         `json:"discovery"`
	PID          int               `json:"pid"`
	UptimeS      int64             `json:"uptime_s"`
	Restarts     int               `json:"restarts"` // of the microVM, after it died
	People       uint64            `json:"people"`
	Rooms        uint64            `json:"rooms"`
	Connections  uint64            `json:"connections"`
	Counters     map[string]uint64 `json:"counters"` // by the names of docs/protocol.md
	AccountsFile string            `json:"accounts_file"`
	Drain        *DrainStatus      `json:"drain,omitempty"` // it gives its rooms away
}

// Status asks the module how it is.
func (r *Runner) Status(ctx context.Context) (Status, error) {
	r.mu.Lock()
	b, started, restarts := r.backend, r.started, r.restarts
	r.mu.Unlock()
	if b == nil {
		return Status{}, fmt.Errorf("the server is being started again")
	}
	k, err := genl.NewClient(b).Status(ctx)
	if err != nil {
		return Status{}, err
	}
	a := b.about()
	s := Status{
		Mode: a.mode, Kernel: a.release, Accel: a.accel, Module: k.ModuleVersion, Name: k.Name,
		Server: k.ServerUUID, Community: k.CommunityUUID, Generation: k.Generation,
		Listen:       netip.AddrPortFrom(r.cfg.Listen, r.cfg.Port),
		Addresses:    addresses(r.cfg.Listen, r.cfg.Port),
		Registration: registrationName(k.Register), PID: os.Getpid(), Restarts: restarts,
		UptimeS: int64(time.Since(started) / time.Second), Counters: map[string]uint64{},
		People: k.Counters[wire.CounterPeople], Rooms: k.Counters[wire.CounterRooms],
		Connections: k.Counters[wire.CounterConnections], AccountsFile: r.store.Path(),
	}
	if s.Discovery, err = r.discovery(ctx, b); err != nil {
		return Status{}, err
	}
	if s.Drain, err = r.drainStatus(ctx, k); err != nil {
		return Status{}, err
	}
	for number, value := range k.Counters {
		if name := wire.CounterName(number); name != "" {
			s.Counters[strings.ToLower(name)] = value
		}
	}
	return s, nil
}

// addresses are those under which others reach a server that listens on addr; IPv4 first, since people read them out.
func addresses(listen netip.Addr, port uint16) []string {
	if !listen.IsUnspecified() {
		return []string{netip.AddrPortFrom(listen, port).String()}
	}
	var v4, v6 []string
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, n := range nets {
		prefix, err := netip.ParsePrefix(n.String())
		if err != nil {
			continue
		}
		addr := prefix.Addr()
		switch {
		case addr.IsLoopback() || addr.IsLinkLocalUnicast():
		case addr.Is4():
			v4 = append(v4, netip.AddrPortFrom(addr, port).String())
		case listen.Is6():
			v6 = append(v6, netip.AddrPortFrom(addr, port).String())
		}
	}
	return append(v4, v6...)
}
