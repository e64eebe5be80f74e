// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/relay"
	"kchat/wire"
)

// Commands of enum kchat_cmd that these tests look for.
const (
	commandPeerSet = 19
	commandPeerDel = 20
	commandDrain   = 22
)

// noted is a kernel that notes what it is told.
type noted struct {
	backend
	said  []uint8
	err   error // of every order
	outer netip.Addr
}

func (k *noted) Execute(_ context.Context, command uint8, flags netlink.HeaderFlags, _ []byte) ([][]byte, error) {
	if flags&netlink.Dump == netlink.Dump {
		return nil, nil
	}
	k.said = append(k.said, command)
	return nil, k.err
}

func (k *noted) about() about { return about{mode: ModeNative, outer: k.outer} }

// greeter answers HELLO as a server does; it is who it says.
func greeter(t *testing.T, server, community accounts.UUID) (port uint16) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if f, err := wire.NewReader(conn).Next(); err == nil {
				_, _ = conn.Write(wire.AppendFrame(nil, wire.Header{Type: wire.TypeWelcome, ID: f.ID}, wire.Welcome{
					Version: wire.Version, Iterations: wire.IterationsMin, Server: server, Community: community, Name: "greeter",
				}))
			}
			_ = conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

// member is a runner that is up, in a kernel that notes what it is told.
func member(t *testing.T) (*Runner, *noted, accounts.UUID) {
	t.Helper()
	p := Paths{Data: t.TempDir()}
	store := open(t, p, "", "cellar")
	data, who := begin(t, p, store, "cellar", time.Now())
	k := &noted{}
	r := &Runner{cfg: Config{Paths: p}, logs: Logs{Server: slog.New(slog.DiscardHandler)}, store: store, who: who, backend: k}
	r.startPeers(t.Context(), genl.NewClient(k), k.about(), relay.Community{Server: who.Server, Secret: data.Shared})
	return r, k, data.Community
}

func mustPeer(t *testing.T, r *Runner, o PeerOrder) Peer {
	t.Helper()
	p, err := r.AddPeer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPeerIsAServerOfTheCommunityUnderOneName(t *testing.T) {
	r, k, community := member(t)
	attic, loft := accounts.UUID{1}, accounts.UUID{2}
	atAttic, atLoft := greeter(t, attic, community), greeter(t, loft, community)
	first := mustPeer(t, r, PeerOrder{Name: "attic", Host: "127.0.0.1", Port: atAttic})
	if first.Server != attic || first.UDP != wire.DiscoverPort || !slices.Equal(k.said, []uint8{commandPeerSet}) {
		t.Errorf("%+v, %v", first, k.said)
	}
	for what, c := range map[string]struct {
		order PeerOrder
		want  error
	}{
		"the same server by another name": {PeerOrder{Name: "loft", Host: "127.0.0.1", Port: atAttic}, ErrPeerTaken},
		"another server by that name":     {PeerOrder{Name: "attic", Host: "127.0.0.1", Port: atLoft}, ErrPeerTaken},
		"a stranger":                      {PeerOrder{Name: "x", Host: "127.0.0.1", Port: greeter(t, loft, accounts.UUID{9})}, ErrStranger},
		"oneself":                         {PeerOrder{Name: "x", Host: "127.0.0.1", Port: greeter(t, r.who.Server, community)}, ErrOneself},
		"nobody there":                    {PeerOrder{Name: "x", Host: "127.0.0.1", Port: 1}, unix.ECONNREFUSED},
		"no name":                         {PeerOrder{Host: "127.0.0.1"}, ErrPeerName},
		"a name of two words":             {PeerOrder{Name: "the attic", Host: "127.0.0.1"}, ErrPeerName},
		"a long name":                     {PeerOrder{Name: strings.Repeat("x", wire.ServerNameMax+1), Host: "127.0.0.1"}, ErrPeerName},
	} {
		if _, err := r.AddPeer(t.Context(), c.order); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, host := range []string{"", "a b", "a/b", "a@b", "\x1b[2J", strings.Repeat("x", hostMax+1), "no-such-host.invalid"} {
		if _, err := r.AddPeer(t.Context(), PeerOrder{Name: "x", Host: host}); err == nil || !strings.Contains(err.Error(), "host") {
			t.Errorf("the host %q: %v", host, err)
		}
	}
	if len(k.said) != 1 {
		t.Errorf("the module was told %v", k.said)
	}
	again := mustPeer(t, r, PeerOrder{Name: "attic", Host: "127.0.0.1", Port: atAttic, UDP: 2326})
	if list, err := r.Peers(t.Context()); err != nil || len(list) != 1 || list[0].Peer != again || list[0].State != "silent" || list[0].Address != "127.0.0.1" {
		t.Errorf("%+v, %v", list, err)
	}
	k.err = unix.ENOSPC
	if _, err := r.AddPeer(t.Context(), PeerOrder{Name: "loft", Host: "127.0.0.1", Port: atLoft}); !errors.Is(err, unix.ENOSPC) ||
		!strings.Contains(err.Error(), "admin set peers") {
		t.Errorf("one too many: %v", err)
	}
	if s, err := readSettings(r.cfg.Paths); err != nil || len(s.Peers) != 1 {
		t.Errorf("remembered: %+v, %v", s, err)
	}
}

func TestDrainingIsRememberedAndHoldsFromTheNextStart(t *testing.T) {
	r, k, community := member(t)
	attic := mustPeer(t, r, PeerOrder{Name: "attic", Host: "127.0.0.1", Port: greeter(t, accounts.UUID{1}, community)})
	for what, c := range map[string]struct {
		successor string
		err       error
		want      error
	}{
		"nobody":           {"loft", nil, ErrNoPeer},
		"oneself":          {"cellar", nil, ErrOneself},
		"oneself by UUID":  {strings.ToUpper(r.who.Server.String()), nil, ErrOneself},
		"a silent one":     {"attic", unix.EHOSTUNREACH, ErrPeerSilent},
		"one that drains":  {"attic", unix.EBUSY, ErrPeerDrained},
		"another trouble":  {"attic", unix.ENOMEM, unix.ENOMEM},
		"off, but trouble": {"", unix.ENOMEM, unix.ENOMEM},
	} {
		k.err = c.err
		if err := r.Drain(t.Context(), DrainOrder{Successor: c.successor}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	k.err = nil
	starts := func() *[genl.UUIDLen]byte {
		k.said = nil
		return r.startPeers(t.Context(), genl.NewClient(k), k.about(), relay.Community{})
	}
	if to := starts(); to != nil || !slices.Equal(k.said, []uint8{commandPeerSet}) {
		t.Errorf("what was refused is remembered: %v, %v", to, k.said)
	}
	if err := r.Drain(t.Context(), DrainOrder{Successor: strings.ToUpper(attic.Server.String())}); err != nil {
		t.Fatal(err)
	}
	if to := starts(); to == nil || accounts.UUID(*to) != attic.Server || !slices.Equal(k.said, []uint8{commandPeerSet}) {
		t.Errorf("the next start goes to %v, %v", to, k.said)
	}
	if err := r.DeletePeer(t.Context(), "attic"); !errors.Is(err, ErrDrainedTo) {
		t.Errorf("its successor is taken away: %v", err)
	}
	if err := r.Drain(t.Context(), DrainOrder{}); err != nil {
		t.Fatal(err)
	}
	if to := starts(); to != nil {
		t.Errorf("after --off the next start goes to %v", to)
	}
	if err := r.DeletePeer(t.Context(), "attic"); err != nil || k.said[len(k.said)-1] != commandPeerDel {
		t.Errorf("%v, %v", err, k.said)
	}
	if err := r.DeletePeer(t.Context(), "attic"); !errors.Is(err, ErrNoPeer) {
		t.Errorf("once more: %v", err)
	}
}

func TestASuccessorThatIsFoundLaterIsDrainedToLater(t *testing.T) {
	r, k, _ := member(t)
	lost := Peer{Name: "attic", Server: accounts.UUID{1}, Host: "no-such-host.invalid", Port: 1, UDP: 2}
	found := lost
	found.Host = "127.0.0.1"
	s := settings{Peers: []Peer{lost}, Successor: &lost.Server}
	if err := writeSettings(r.cfg.Paths, s); err != nil {
		t.Fatal(err)
	}
	k.said = nil
	if to := r.startPeers(t.Context(), genl.NewClient(k), k.about(), relay.Community{}); to != nil || len(k.said) != 0 {
		t.Errorf("a start without its address: %v, %v", to, k.said)
	}
	s.Peers = []Peer{found}
	if err := writeSettings(r.cfg.Paths, s); err != nil {
		t.Fatal(err)
	}
	r.tend(t.Context(), s.Peers)
	r.tend(t.Context(), s.Peers)
	if !slices.Equal(k.said, []uint8{commandPeerSet, commandDrain}) {
		t.Errorf("the module is told %v", k.said)
	}
}

func TestInAMicroVMAPeerIsReachedThroughUs(t *testing.T) {
	r, _, _ := member(t)
	questions, err := relay.Ask(netip.MustParseAddr("127.0.0.1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer questions.Close()
	r.found.questions = questions
	inside := r.forModule(Peer{Name: "attic", Host: "attic.example", Port: 7, UDP: 8}, about{outer: hostAddress()}, netip.MustParseAddr("192.0.2.1"))
	if inside.Addr != hostAddress() || inside.UDPPort != questions.GuestPort() || inside.Host != "attic.example" || inside.Port != 7 {
		t.Errorf("%+v", inside)
	}
}

func TestWithoutAServerThatIsUpThereAreNoPeers(t *testing.T) {
	r, _, community := member(t)
	r.backend = nil
	_, add := r.AddPeer(t.Context(), PeerOrder{Name: "attic", Host: "127.0.0.1", Port: greeter(t, accounts.UUID{1}, community)})
	_, list := r.Peers(t.Context())
	for _, err := range []error{add, list, r.DeletePeer(t.Context(), "attic"), r.Drain(t.Context(), DrainOrder{})} {
		if !errors.Is(err, errStarting) {
			t.Error(err)
		}
	}
}

func TestWhatOthersChangeInSharedAccountsIsNoticed(t *testing.T) {
	r, k, _ := member(t)
	file := r.store.Path() // its own, which another server uses too
	second := Paths{Data: t.TempDir()}
	theirs := open(t, second, file, "attic")
	r.pushed = map[uint64]accounts.Account{}
	follow := func() int {
		before := len(k.said)
		r.followAccounts(t.Context())
		return len(k.said) - before
	}
	if n := follow(); n != 0 {
		t.Errorf("%d orders for no account", n)
	}
	add(t, theirs, "mina")
	if n := follow(); n != 1 {
		t.Errorf("%d orders for a new account", n)
	}
	if n := follow(); n != 0 {
		t.Errorf("%d orders for nothing", n)
	}
	add(t, r.store, "joon")
	k.err = unix.ENOMEM
	if n := follow(); n != 1 || r.shared.fails == "" {
		t.Errorf("%d orders, %q", n, r.shared.fails)
	}
	k.err = nil
	if n := follow(); n != 1 || r.shared.fails != "" {
		t.Errorf("after a failure %d orders, %q", n, r.shared.fails)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if n := follow(); n != 0 || r.shared.fails != "" {
		t.Errorf("without the file %d orders, %q", n, r.shared.fails)
	}
}
