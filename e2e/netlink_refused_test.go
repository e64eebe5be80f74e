// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
	"kchat/wire"
)

// refusal is an order that is whole, and cannot be done as things are.
type refusal struct {
	what  string
	order func(context.Context, *genl.Client) error
	errno syscall.Errno
	says  string
}

func (r refusal) check(t *testing.T, s *vmtest.Server) {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	err := r.order(ctx, s.Runner.Kernel())
	if !errors.Is(err, r.errno) || !strings.Contains(fmt.Sprint(err), r.says) {
		t.Errorf("%s: want %v and %q, got %v", r.what, r.errno, r.says, err)
	}
}

// TestNetlinkSaysWhyAnOrderCannotBeDone: who gives it reads what stands in its way, and nothing has changed.
func TestNetlinkSaysWhyAnOrderCannotBeDone(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	peer := func(change func(*genl.Peer)) func(context.Context, *genl.Client) error {
		p := genl.Peer{
			Server: [16]byte{9}, Name: "other", Addr: netip.MustParseAddr("192.0.2.9"), UDPPort: 2325, Host: "192.0.2.9", Port: 10106,
		}
		change(&p)
		return func(ctx context.Context, k *genl.Client) error { return k.SetPeer(ctx, p) }
	}
	self := status(t, s).ServerUUID
	s.SetParam(t, "peers", 1)
	refusal{"a first peer", peer(func(*genl.Peer) {}), 0, ""}.done(t, s)
	for _, r := range []refusal{
		{"itself as a peer", peer(func(p *genl.Peer) { p.Server = self }), syscall.EINVAL, "this is the server itself"},
		{"a peer more than may be", peer(func(p *genl.Peer) { p.Server[1] = 1 }), syscall.ENOSPC, "there are as many peers as the limit allows"},
		{"a peer without a host", peer(func(p *genl.Peer) { p.Host = "" }), syscall.EINVAL, "the host must not be empty"},
		{"a peer without a port", peer(func(p *genl.Peer) { p.UDPPort = 0 }), syscall.EINVAL, "a peer is reached over UDP"},
		{"a peer that is many", peer(func(p *genl.Peer) { p.Addr = netip.MustParseAddr("ff02::1") }), syscall.EINVAL, "this is no address of one host"},
		{"a peer that is not there", func(ctx context.Context, k *genl.Client) error {
			return k.DeletePeer(ctx, [16]byte{8})
		}, syscall.ENOENT, "there is no such peer"},
		{"a topic that rings", func(ctx context.Context, k *genl.Client) error {
			return k.SetRoom(ctx, genl.KeptRoom{Name: "kept", Topic: "one\atwo"})
		}, syscall.EINVAL, "this is no topic"},
	} {
		r.check(t, s)
	}
	stop := func(ctx context.Context, k *genl.Client) error { return k.Stop(ctx) }
	refusal{"a stop", stop, 0, ""}.done(t, s)
	for _, r := range []refusal{
		{"discovery over Ethernet without a server", func(ctx context.Context, k *genl.Client) error {
			return k.SetEther(ctx, "eth0", true)
		}, syscall.ESRCH, "the server is not running"},
		{"to drain a server that is not there", func(ctx context.Context, k *genl.Client) error {
			return k.Drain(ctx, nil)
		}, syscall.ESRCH, "the server is not running"},
		{"an address that is not ours", func(ctx context.Context, k *genl.Client) error {
			return k.Start(ctx, genl.Start{
				ServerUUID: [16]byte{1}, Name: "elsewhere", Generation: 99, Iterations: wire.IterationsMin, Addr: netip.MustParseAddr("192.0.2.7"),
			})
		}, syscall.EADDRNOTAVAIL, "this host has no such address"},
	} {
		r.check(t, s)
	}
}

// done gives an order that is to be followed.
func (r refusal) done(t *testing.T, s *vmtest.Server) {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	if err := r.order(ctx, s.Runner.Kernel()); err != nil {
		t.Fatalf("%s: %v", r.what, err)
	}
}

// TestALimitIsGivenWhenTheModuleIsLoaded: it can be read there and holds; one that is out of its range, or no number, keeps
// the module out.
func TestALimitIsGivenWhenTheModuleIsLoaded(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	if err := s.Runner.Kernel().Stop(ctx); err != nil {
		t.Fatal(err)
	}
	unload(t, s)
	load := func(params string) error {
		return s.Runner.Guest().Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath, Params: params}, nil)
	}
	if err := load("rooms=0"); !errors.Is(err, syscall.ERANGE) {
		t.Errorf("no room at all: %v", err)
	}
	if err := load("rooms=many"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a limit that is no number: %v", err)
	}
	if err := load("rooms=77"); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(s.ReadFile(t, "/sys/module/kchat/parameters/rooms")); got != "77" {
		t.Errorf("the module was loaded with rooms=77, and says %q", got)
	}
	params, err := s.Runner.Kernel().Params(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if p.Name == "rooms" && p.Value != 77 {
			t.Errorf("the module was loaded with rooms=77, and holds to %d", p.Value)
		}
	}
}
