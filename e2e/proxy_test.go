// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/vmtest"
	"kchat/wire"
)

// Headers of the PROXY protocol, version 2, section 2.2 of haproxy's doc/proxy-protocol.txt.
const (
	proxyLocal = 0x20
	proxyProxy = 0x21
	proxyTCP4  = 0x11
	proxyTCP6  = 0x21
)

func proxyBytes(command, family byte, rest []byte) []byte {
	h := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family)
	return append(binary.BigEndian.AppendUint16(h, uint16(len(rest))), rest...)
}

// leads is the header by which a proxy leads somebody in; more stands behind the addresses.
func leads(from string, more ...byte) []byte {
	source, family := netip.MustParseAddrPort(from), byte(proxyTCP4)
	target := netip.MustParseAddr("198.51.100.1")
	if source.Addr().Is6() {
		family, target = proxyTCP6, netip.MustParseAddr("2001:db8::1")
	}
	rest := append(source.Addr().AsSlice(), target.AsSlice()...)
	rest = binary.BigEndian.AppendUint16(rest, source.Port())
	rest = binary.BigEndian.AppendUint16(rest, wire.Port)
	return proxyBytes(proxyProxy, family, append(rest, more...))
}

// asProxy connects as the relay does, past it.
func asProxy(t testing.TB, s *vmtest.Server, header []byte) *who {
	t.Helper()
	c, err := peer.Dial(s.Runner.Inner().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	w := &who{Conn: c, t: t}
	w.ok(w.Bytes(header))
	return w
}

// from connects to the shared server from another address of this host.
func from(t testing.TB, source string) *who {
	t.Helper()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(source), 0))}
	c, err := dialer.Dial("tcp", world.server(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	w := &who{Conn: peer.New(c), t: t}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// peerOf is where the module says that somebody comes from.
func peerOf(t *testing.T, w *who) string {
	t.Helper()
	sessions, err := world.kernel(t).Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions {
		if s.Number == w.Me.Session {
			return s.Peer
		}
	}
	t.Fatalf("session %d is not on the list", w.Me.Session)
	return ""
}

func TestProxySaysWhomItLeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, want string
		header     []byte
	}{
		{"IPv4", "192.0.2.7:50001", leads("192.0.2.7:50001")},
		{"IPv6", "[2001:db8::7]:50002", leads("[2001:db8::7]:50002")},
		{"IPv4 mapped", "192.0.2.8:50003", leads("[::ffff:192.0.2.8]:50003")},
		{"with what it says besides", "192.0.2.9:50004", leads("192.0.2.9:50004", make([]byte, 508)...)},
		{"its own connection", "10.0.2.2:", proxyBytes(proxyLocal, 0, nil)},
		{"its own connection, with an address", "10.0.2.2:", proxyBytes(proxyLocal, proxyTCP4, make([]byte, 12))},
	} {
		a := world.account(t, 0)
		w := asProxy(t, world.server(t), c.header)
		w.ok(w.Hello())
		w.ok(w.Login(a.login, a.password))
		if got := peerOf(t, w); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: comes from %s, want %s", c.what, got, c.want)
		}
	}
}

// TestProxyThroughTheRunner: the microVM sees the client, not the runner.
func TestProxyThroughTheRunner(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	w := from(t, "127.0.0.9")
	w.ok(w.Hello())
	w.ok(w.Login(a.login, a.password))
	if got := peerOf(t, w); !strings.HasPrefix(got, "127.0.0.9:") {
		t.Errorf("comes from %s", got)
	}
}

// TestProxyHeaderMayComeInPieces: cut at every byte, with a frame right behind it.
func TestProxyHeaderMayComeInPieces(t *testing.T) {
	t.Parallel()
	header := leads("[2001:db8::7]:50002", 1, 2, 3)
	hello := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version})
	whole := append(bytes.Clone(header), hello...)
	for cut := 1; cut <= len(header); cut++ {
		w := asProxy(t, world.server(t), whole[:cut])
		status(t, world.server(t)) // an answer from the guest, where the first part is by now, most often
		w.ok(w.Bytes(whole[cut:]))
		if f, err := w.Next(w.patience()); err != nil || f.Type != wire.TypeWelcome {
			t.Fatalf("cut behind byte %d: %v, %v", cut, f.Type, err)
		}
		_ = w.Close()
	}
}

func TestProxyHeaderThatIsWrong(t *testing.T) {
	t.Parallel()
	changed := func(at int, to byte) []byte {
		h := leads("192.0.2.7:50001")
		h[at] = to
		return h
	}
	for what, header := range map[string][]byte{
		"none, but a frame": wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version}),
		"the first byte":    {'P'},
		"version 1":         []byte("PROXY TCP4 192.0.2.7 198.51.100.1 50001 10106\r\n"),
		"the signature":     changed(11, 'x'),
		"the version":       changed(12, 0x11),
		"the command":       changed(12, 0x22),
		"no family":         changed(13, 0),
		"UDP":               changed(13, 0x12),
		"a unix socket":     proxyBytes(proxyProxy, 0x31, make([]byte, 216)),
		"a short address":   proxyBytes(proxyProxy, proxyTCP4, make([]byte, 11)),
		"a short IPv6 one":  proxyBytes(proxyProxy, proxyTCP6, make([]byte, 35)),
		"too long":          leads("192.0.2.7:50001", make([]byte, 509)...),
		"too long, LOCAL":   proxyBytes(proxyLocal, 0, make([]byte, 0xffff))[:16],
	} {
		w := asProxy(t, world.server(t), header)
		f, err := w.Next(w.patience())
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if refusal, err := wire.ParseError(f.Body); err != nil || refusal.Number != wire.ErrBadFrame || f.Flags&wire.FlagLast == 0 {
			t.Errorf("%s: answered %v %+v", what, f.Type, refusal)
		}
		if _, err := w.Next(w.patience()); err == nil || errors.Is(err, peer.ErrNothing) {
			t.Errorf("%s: the connection goes on", what)
		}
	}
	// Nothing but the end follows from half a header and an end.
	w := asProxy(t, world.server(t), leads("192.0.2.7:50001")[:20])
	w.ok(w.CloseWrite())
	if f, err := w.Next(w.patience()); err == nil || errors.Is(err, peer.ErrNothing) {
		t.Errorf("half a header, and the end: %v, %v", f.Type, err)
	}
}

// TestProxyThatNeverSaysWhomItLeads: it has the time of a login, as everybody.
func TestProxyThatNeverSaysWhomItLeads(t *testing.T) {
	world.set(t, "login_ms", 500)
	asProxy(t, world.server(t), leads("192.0.2.7:50001")[:20]).ends(wire.ErrTimeout)
	asProxy(t, world.server(t), nil).ends(wire.ErrTimeout)
}

// TestProxyIsBelievedFromItsAddressAlone: elsewhere the header is a bad frame, be it said through the relay, which said
// its own before, or where no proxy is.
func TestProxyIsBelievedFromItsAddressAlone(t *testing.T) {
	t.Parallel()
	forged := append(leads("127.0.0.1:50001"), make([]byte, wire.HeaderLen)...)
	w := dial(t)
	w.ok(w.Bytes(forged))
	w.ends(wire.ErrTooLong) // \r\n\r\n is a length

	s := withGuestload(t)
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	said := hearsInGuest(ctx, t, s, forged)
	f, err := wire.NewReader(bytes.NewReader(said)).Next()
	if err != nil {
		t.Fatalf("answered %x: %v", said, err)
	}
	if refusal, err := wire.ParseError(f.Body); err != nil || refusal.Number != wire.ErrTooLong || f.Flags&wire.FlagLast == 0 {
		t.Errorf("answered %v %+v", f.Type, refusal)
	}
}

// hearsInGuest says something to the server from inside of the guest, and gives what is answered.
func hearsInGuest(ctx context.Context, t *testing.T, s *vmtest.Server, say []byte) []byte {
	t.Helper()
	out, err := s.Exec(ctx, guestload, "speak", "127.0.0.1:10106", hex.EncodeToString(say))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said, err := hex.DecodeString(strings.TrimSpace(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return said
}

// TestProxyLimitsCountTheClients: connections from one address through the runner, and what a proxy says.
func TestProxyLimitsCountTheClients(t *testing.T) {
	const most = 3
	world.set(t, "per_address", most)
	for range most {
		w := from(t, "127.0.0.7")
		w.ok(w.Hello())
	}
	from(t, "127.0.0.7").ends(wire.ErrFull)
	other := from(t, "127.0.0.8")
	other.ok(other.Hello())

	for range most {
		w := asProxy(t, world.server(t), leads("[2001:db8::7]:50001"))
		w.ok(w.Hello())
	}
	asProxy(t, world.server(t), leads("[2001:db8::7]:50002")).ends(wire.ErrFull)
	v6 := asProxy(t, world.server(t), leads("[2001:db8::8]:50002"))
	v6.ok(v6.Hello())
	// Who has not been named yet is nobody's.
	for range most + 1 {
		asProxy(t, world.server(t), leads("192.0.2.77:50001")[:20])
	}
}

// TestProxyLimitsOfFailuresCountTheClients: who fails locks nobody out elsewhere.
func TestProxyLimitsOfFailuresCountTheClients(t *testing.T) {
	const most = 3
	world.set(t, "failures_address", most)
	good := world.account(t, 0)
	for failures := 0; ; failures++ {
		w := from(t, "127.0.0.10")
		w.ok(w.Hello())
		err := w.Login("nobody-"+good.login, "wrong")
		if isError(err, wire.ErrAuthLimit) {
			break
		}
		if !isError(err, wire.ErrAuth) || failures == most {
			t.Fatalf("after %d failures: want ERROR AUTH_LIMIT, got %v", failures, err)
		}
	}
	w := from(t, "127.0.0.11")
	w.ok(w.Hello())
	w.ok(w.Login(good.login, good.password))
}

// TestProxyDecidesWhoRegisters: this host freely, others with a code.
func TestProxyDecidesWhoRegisters(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]uint64{
		"127.0.0.1:5": wire.FeatureRegister, "[::1]:5": wire.FeatureRegister,
		"192.0.2.7:5": wire.FeatureRegister | wire.FeatureInvite, "[2001:db8::7]:5": wire.FeatureRegister | wire.FeatureInvite,
	} {
		w := asProxy(t, world.server(t), leads(client))
		w.ok(w.Hello())
		if w.Welcome.Features != want {
			t.Errorf("%s: features %#x, want %#x", client, w.Welcome.Features, want)
		}
	}
}

// TestProxyNetworksThatCannotBe: a START is refused for them before anything is done.
func TestProxyNetworksThatCannotBe(t *testing.T) {
	k := world.kernel(t)
	start := func(from ...netip.Prefix) error {
		return k.Start(t.Context(), genl.Start{Name: "x", Generation: 1, Iterations: wire.IterationsMin, ProxyFrom: from})
	}
	one := netip.MustParsePrefix("10.0.0.0/8")
	many := make([]netip.Prefix, 16)
	for i := range many {
		many[i] = one
	}
	if err := start(many...); !errors.Is(err, syscall.EALREADY) {
		t.Errorf("as many as there may be: %v", err)
	}
	if err := start(append(many, one)...); !errors.Is(err, syscall.E2BIG) {
		t.Errorf("one more: want E2BIG, got %v", err)
	}
	for _, bad := range []string{"10.0.0.1/8", "fd00::1/64"} {
		if err := start(netip.MustParsePrefix(bad)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: want EINVAL, got %v", bad, err)
		}
	}
}
