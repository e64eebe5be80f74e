// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/netlink"

	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/wire"
)

// specified counts how often the specification of the family says something.
func specified(t *testing.T, what string) int {
	t.Helper()
	text, err := os.ReadFile("../docs/netlink/kchat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), what)
}

// asked is what genl.Client would send. Being its transport, it takes that down instead.
type asked struct {
	command uint8
	flags   netlink.HeaderFlags
	attrs   []netlink.Attribute
}

func (o *asked) Execute(_ context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	attrs, err := netlink.UnmarshalAttributes(data)
	*o = asked{command, flags, attrs}
	return nil, err
}

// bytes are the attributes as they are sent, and where each begins in the whole message.
func (o asked) bytes() (data []byte, offsets []int) {
	const heads = syscall.NLMSG_HDRLEN + 4 // netlink's and generic netlink's
	for _, a := range o.attrs {
		offsets = append(offsets, heads+len(data))
		data = binary.NativeEndian.AppendUint16(data, uint16(syscall.SizeofRtAttr+len(a.Data)))
		data = binary.NativeEndian.AppendUint16(data, a.Type)
		data = append(data, a.Data...)
		data = append(data, make([]byte, -len(a.Data)&3)...)
	}
	return data, offsets
}

// give sends an order as it is.
func (o asked) give(t *testing.T) error {
	t.Helper()
	ctx, cancel := world.server(t).Timeout(10 * time.Second)
	defer cancel()
	data, _ := o.bytes()
	return world.server(t).Runner.Guest().Call(ctx, guest.OpNetlink, guest.Netlink{
		Family: genl.Family, Command: o.command, Flags: uint16(o.flags), Data: data,
	}, nil)
}

// with is the same order with another list of attributes.
func (o asked) with(attrs ...netlink.Attribute) asked {
	o.attrs = attrs
	return o
}

// unnamed says that it asks for a list, of a kernel that gives the module nothing to name an attribute in when a list begins:
// struct netlink_dump_control of 5.10 and 6.1 has no extack.
func (o asked) unnamed(t *testing.T) bool {
	t.Helper()
	release := world.server(t).ReadFile(t, "/proc/sys/kernel/osrelease")
	return o.flags&netlink.Dump != 0 && (strings.HasPrefix(release, "5.10.") || strings.HasPrefix(release, "6.1."))
}

// refusedAt gives an order that the kernel refuses because of its attribute number at.
func (o asked) refusedAt(t *testing.T, what string, at int, says string) {
	t.Helper()
	err := o.give(t)
	_, offsets := o.bytes()
	if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ERANGE) {
		t.Errorf("%s: %v", what, err)
	} else if named := fmt.Sprintf("offset: %d,", offsets[at]); !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: want %q and %q, got %v", what, named, says, err)
	}
}

// wholeOrders are orders with all that they can say; the first so many attributes of each must be there.
func wholeOrders(t *testing.T) map[string]struct {
	asked
	needed int
} {
	t.Helper()
	ctx := t.Context()
	type whole = struct {
		asked
		needed int
	}
	all := map[string]whole{}
	add := func(name string, needed int, ask func(*genl.Client)) {
		var o asked
		ask(genl.NewClient(&o))
		all[name] = whole{o, needed}
	}
	uid, port := uint32(1000), uint16(2325)
	add("start", 6, func(c *genl.Client) {
		_ = c.Start(ctx, genl.Start{
			Name: "again", Generation: 1, Iterations: wire.IterationsMin, Port: 10106, UDPPort: &port, OuterPort: 10106,
			Addr: netip.IPv6Unspecified(), ProxyFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		})
	})
	add("stop", 0, func(c *genl.Client) { _ = c.Stop(ctx) })
	add("status", 0, func(c *genl.Client) { _, _ = c.Status(ctx) })
	add("account-set", 7, func(c *genl.Client) {
		_ = c.SetAccount(ctx, genl.Account{Number: 1 << 62, Name: "a", Login: "a", UID: &uid})
	})
	add("account-del", 1, func(c *genl.Client) { _ = c.DeleteAccount(ctx, 1<<62) })
	add("kick", 0, func(c *genl.Client) { _ = c.Kick(ctx, 1<<62, 0) })
	add("param-set", 2, func(c *genl.Client) { _ = c.SetParam(ctx, "rooms", 1<<62) })
	add("ether-set", 2, func(c *genl.Client) { _ = c.SetEther(ctx, "eth9", true) })
	add("room-set", 6, func(c *genl.Client) {
		_ = c.SetRoom(ctx, genl.KeptRoom{
			Name: "never", Flags: wire.RoomPassword, Standings: []genl.Standing{{Account: 1, Flags: genl.StandingVoice}},
		})
	})
	add("room-del", 1, func(c *genl.Client) { _ = c.DeleteRoom(ctx, "never") })
	add("room-record", 1, func(c *genl.Client) { _, _ = c.Room(ctx, "never") })
	add("rule", 3, func(c *genl.Client) {
		_ = c.Order(ctx, genl.Order{Room: "never", Action: wire.RuleBan, Account: 1, Seconds: 1, Reason: "x"})
	})
	add("standings", 0, func(c *genl.Client) { _, _ = c.Standings(ctx, "never") })
	for name, ask := range map[string]func(*genl.Client){
		"accounts": func(c *genl.Client) { _, _ = c.Accounts(ctx) }, "rooms": func(c *genl.Client) { _, _ = c.Rooms(ctx) },
		"sessions": func(c *genl.Client) { _, _ = c.Sessions(ctx) }, "params": func(c *genl.Client) { _, _ = c.Params(ctx) },
		"ether": func(c *genl.Client) { _, _ = c.Ether(ctx) },
	} {
		add(name, 0, ask)
	}
	return all
}

// TestNetlinkNamesTheAttributeThatIsWrong: missing, doubled, of a wrong length, of another order, and of none. Each order
// is refused for it before it does anything.
func TestNetlinkNamesTheAttributeThatIsWrong(t *testing.T) {
	t.Parallel()
	const pad, running, unknown = 1, 12, 9999 // in no request
	for name, o := range wholeOrders(t) {
		t.Run(name, func(t *testing.T) {
			for i, a := range o.attrs {
				kind := a.Type & 0x3fff
				others := append(o.attrs[:i:i], o.attrs[i+1:]...)
				if i < o.needed {
					err := o.with(others...).give(t)
					if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "is missing") {
						t.Errorf("without attribute %d: %v", kind, err)
					}
				}
				nest := a.Type != kind // of which there may be several
				twice := o.with(append(o.attrs[:len(o.attrs):len(o.attrs)], a)...)
				switch {
				case nest:
				case twice.unnamed(t):
					if err := twice.give(t); !errors.Is(err, syscall.EINVAL) {
						t.Errorf("attribute %d twice: %v", kind, err)
					}
				default:
					twice.refusedAt(t, fmt.Sprintf("attribute %d twice", kind), len(o.attrs), "there twice")
				}
				long := a
				long.Data = append(a.Data[:len(a.Data):len(a.Data)], make([]byte, 301)...)
				for j := range long.Data[len(a.Data):] {
					long.Data[len(a.Data)+j] = 'x'
				}
				if longer := o.with(append(others[:len(others):len(others)], long)...); nest {
					if err := longer.give(t); !errors.Is(err, syscall.EINVAL) { // the kernel names what is in the nest
						t.Errorf("nest %d with 301 bytes more: %v", kind, err)
					}
				} else {
					longer.refusedAt(t, fmt.Sprintf("attribute %d with 301 bytes more", kind), len(others), "")
				}
				short := a
				short.Data = nil
				o.with(append(others[:len(others):len(others)], short)...).refusedAt(t, fmt.Sprintf("attribute %d empty", kind), len(others), "")
			}
			for _, kind := range []uint16{pad, running, unknown} {
				o.with(append(o.attrs[:len(o.attrs):len(o.attrs)], netlink.Attribute{Type: kind, Data: make([]byte, 8)})...).
					refusedAt(t, fmt.Sprintf("attribute %d, which is in no order", kind), len(o.attrs), "")
			}
			if name != "start" {
				o.with(append(o.attrs[:len(o.attrs):len(o.attrs)], netlink.Attribute{Type: 2, Data: make([]byte, 16)})...).
					refusedAt(t, "the UUID of a server", len(o.attrs), "Unsupported attribute")
			}
		})
	}
	if got := status(t, world.server(t)); !got.Running {
		t.Error("the server does not run any more")
	}
}

// TestNetlinkOutOfRange: each value that an attribute cannot have, by the errno and by name.
func TestNetlinkOutOfRange(t *testing.T) {
	t.Parallel()
	whole := wholeOrders(t)
	for _, c := range []struct {
		order string
		at    int
		data  []byte
	}{
		{"start", 3, make([]byte, 4)}, // generation 0
		{"start", 5, binary.NativeEndian.AppendUint32(nil, wire.IterationsMin-1)},
		{"start", 6, []byte{5}},       // a registration that there is not
		{"start", 7, make([]byte, 2)}, // port 0
		{"account-set", 0, make([]byte, 8)},
		{"account-set", 3, binary.NativeEndian.AppendUint32(nil, 4)}, // a flag that there is not
		{"account-del", 0, make([]byte, 8)},
		{"kick", 0, make([]byte, 8)},
		{"param-set", 1, binary.NativeEndian.AppendUint64(nil, 1<<63)},
		{"ether-set", 1, []byte{2}},
		{"ether-set", 0, []byte("a/b\x00")},
		{"room-set", 0, []byte("@1-2\x00")},
		{"room-set", 0, []byte("\x00")},
		{"room-set", 1, binary.NativeEndian.AppendUint32(nil, wire.RoomPassword|wire.RoomDirect)},
		{"room-set", 3, binary.NativeEndian.AppendUint16(nil, wire.BacklogMax+1)},
		{"rule", 1, []byte{0}},
		{"rule", 1, []byte{6}},
		{"rule", 2, make([]byte, 8)},
		{"rule", 4, []byte("a\nb\x00")},
	} {
		o := whole[c.order].asked
		attrs := append([]netlink.Attribute{}, o.attrs...)
		attrs[c.at].Data = c.data
		o.with(attrs...).refusedAt(t, fmt.Sprintf("%s with %x as attribute %d", c.order, c.data, attrs[c.at].Type), c.at, "")
	}
}

// TestNetlinkSaysThatAListHasChanged: while it was read; package genl reads it again.
func TestNetlinkSaysThatAListHasChanged(t *testing.T) {
	t.Parallel()
	s := withGuestload(t)
	ctx, cancel := s.Timeout(5 * time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, guestload, "lists", "-limit", "15m")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range []string{
		"changed false: interrupted false", "changed true: interrupted true", "one request: " + genl.ErrInterrupted.Error(),
		"the client: 1001 accounts",
	} {
		if !strings.Contains(out, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, out)
		}
	}
}
