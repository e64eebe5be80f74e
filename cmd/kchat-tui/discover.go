// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/rooms"
	"kchat/rooms/discover"
	"kchat/tui"
	"kchat/tui/desk"
	"kchat/tui/text"
	"kchat/wire"
)

// discoverOptions are the flags of discover.
type discoverOptions struct {
	json  bool
	ether string
	wait  time.Duration
}

func discoverCommand() *cobra.Command {
	o := &discoverOptions{}
	cmd := &cobra.Command{
		Use:   "discover [--json] [--ether IFACE] [--wait 3s] [HOST...]",
		Short: "List the servers that are around",
		Long: "List the servers of this host and of the networks that it is in, as they answer. With hosts only those are asked.\n" +
			"With --ether the question goes over Ethernet, which needs no addresses at all but the capability CAP_NET_RAW.\n" +
			"docs/discovery.md tells more, docs/cli.md describes the output and the exit codes.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, hosts []string) error {
			o.json = wantsJSON(cmd)
			return o.run(cmd.Context(), cmd.OutOrStdout(), hosts)
		},
	}
	cmd.Flags().StringVar(&o.ether, "ether", "", "ask over Ethernet, on this interface")
	cmd.Flags().DurationVar(&o.wait, "wait", 3*time.Second, "how long to wait for answers; 0: until interrupted")
	return asUsage(cmd)
}

func (o *discoverOptions) run(ctx context.Context, out io.Writer, hosts []string) error {
	if o.ether != "" && len(hosts) > 0 {
		return coded{errors.New("--ether asks everybody on the interface: leave out the hosts"), exitUsage}
	}
	if o.wait < 0 {
		return coded{fmt.Errorf("--wait %v is in the past", o.wait), exitUsage}
	}
	for i, host := range hosts {
		hosts[i] = strings.Trim(host, "[]")
		if _, _, err := net.SplitHostPort(host); err == nil {
			return coded{fmt.Errorf("%q has a port: servers are asked at UDP port %d, and answer with the other", host, wire.DiscoverPort), exitUsage}
		}
	}
	if o.wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.wait)
		defer cancel()
	}
	list := &foundList{out: out, json: o.json, known: (&desk.Gate{}).Known}
	err := discover.Find(ctx, discover.Options{Hosts: hosts, Ether: o.ether}, func(s discover.Server) { list.add(ctx, s) })
	if err := errors.Join(err, list.err); err != nil {
		return err
	}
	if !list.any {
		return coded{errors.New("no server answers"), exitNoServer}
	}
	return nil
}

// nameWidth is how much of a server's name is listed. The address, which is to be typed, stands last and is never cut.
const nameWidth = 20

// foundList prints servers as they are found.
type foundList struct {
	out   io.Writer
	json  bool
	known func(ctx context.Context, address string) (rooms.Pin, bool)
	any   bool
	err   error // the first of printing
}

// foundServer is one of them. Its JSON is a line of "kchat-tui discover --json".
type foundServer struct {
	Name         string  `json:"name"`
	Address      string  `json:"address,omitempty"` // to log in at
	Server       string  `json:"server_uuid"`
	Community    string  `json:"community_uuid"`
	RTT          int64   `json:"rtt_us"`
	People       uint32  `json:"people"`
	Rooms        uint32  `json:"rooms"`
	Connections  uint32  `json:"connections"`
	Load         float64 `json:"load"` // share of the connections that there may be
	Version      string  `json:"version"`
	Registration string  `json:"registration"`
	Over         string  `json:"over"`
	Interface    string  `json:"interface,omitempty"`
	MAC          string  `json:"mac,omitempty"`
	Known        string  `json:"known,omitempty"`
}

// What is known of the server that answers at an address.
const (
	knownSame  = "same"  // we have logged in to it there
	knownOther = "other" // there was another one when we did
)

func (l *foundList) add(ctx context.Context, s discover.Server) {
	f := foundServer{
		Name: text.Name(s.Name), Server: rooms.UUID(s.Server).String(), Community: rooms.UUID(s.Community).String(), RTT: s.RTT.Microseconds(),
		People: s.People, Rooms: s.Rooms, Connections: s.Connections, Load: float64(s.Load) / 1000, Version: text.Line(s.Version),
		Registration: registrationWord(s.Flags), Over: "udp",
	}
	if s.Addr.IsValid() {
		f.Address = s.Addr.String()
		// What is kept here is asked even if the time is just over.
		if pin, known := l.known(context.WithoutCancel(ctx), f.Address); known {
			f.Known = knownSame
			if pin.Server != rooms.UUID(s.Server) {
				f.Known = knownOther
			}
		}
	}
	if s.Interface != "" {
		f.Over, f.Interface, f.MAC = "ethernet", s.Interface, net.HardwareAddr(s.MAC[:]).String()
	}
	if !l.any && !l.json {
		l.print("%s %6s %5s %5s %9s  %-8s %-10s %s\n", text.Pad("NAME", nameWidth), "PEOPLE", "ROOMS", "LOAD", "RTT", "REGISTER", "VERSION", "ADDRESS")
	}
	l.any = true
	if l.json {
		if err := writeLine(l.out, "server", f); l.err == nil {
			l.err = err
		}
		return
	}
	l.line(f, s.RTT)
}

func (l *foundList) line(f foundServer, rtt time.Duration) {
	address := cmp.Or(f.Address, f.MAC+" (no IPv6 address)")
	l.print("%s %6d %5d %4.0f%% %9v  %-8s %-10s %s\n",
		text.Pad(f.Name, nameWidth), f.People, f.Rooms, 100*f.Load, rtt.Round(10*time.Microsecond), f.Registration, f.Version, address)
	if f.Known == knownOther {
		l.print("  Take care: at %s there was another server when you logged in last.\n", f.Address)
	}
}

func (l *foundList) print(format string, args ...any) {
	if _, err := fmt.Fprintf(l.out, format, args...); l.err == nil && err != nil {
		l.err = fmt.Errorf("printing: %w", err)
	}
}

func registrationWord(flags uint16) string {
	switch {
	case flags&wire.DiscoverOpen != 0:
		return "open"
	case flags&wire.DiscoverInvite != 0:
		return "invite"
	default:
		return "off"
	}
}

// discoverOne waits for a server around that is none of seen. A server that has an address already is not offered at
// those of its links too.
func discoverOne(ctx context.Context, seen []tui.Around) (tui.Around, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var one *tui.Around
	err := discover.Find(ctx, discover.Options{}, func(s discover.Server) {
		if one != nil || isOffered(s, seen) {
			return
		}
		one = &tui.Around{Address: s.Addr.String(), Server: rooms.UUID(s.Server), Name: s.Name, People: int(s.People)}
		cancel()
	})
	if err != nil {
		return tui.Around{}, err
	}
	if one == nil {
		return tui.Around{}, context.Cause(ctx)
	}
	return *one, nil
}

func isOffered(s discover.Server, seen []tui.Around) bool {
	for _, a := range seen {
		if a.Address == s.Addr.String() && a.Server == rooms.UUID(s.Server) {
			return true
		}
		if a.Server == rooms.UUID(s.Server) && s.Addr.Addr().IsLinkLocalUnicast() {
			return true
		}
	}
	return false
}
