// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// guest listens as QEMU does, with a queue of one.
func guest(t *testing.T) net.Listener {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "guest")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func address(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }

// door is a relay that accepts at most so many.
func door(t *testing.T, most int) *Relay {
	t.Helper()
	r, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func connect(t *testing.T, r *Relay) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return ours(t, conn)
}

func ours(t *testing.T, conn net.Conn) *net.TCPConn {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// pair is a connection through a relay: the client's end, and the guest's.
func pair(t *testing.T) (client, inside *net.TCPConn) {
	t.Helper()
	g := guest(t)
	r := door(t, most)
	r.Open(address(g))
	client = connect(t, r)
	return client, arrive(t, g)
}

// arrive takes the next connection at the guest, and reads what it begins with. On a slow machine there may be some
// before it that the relay gave up before it knew that they stood.
func arrive(t *testing.T, g net.Listener) *net.TCPConn {
	t.Helper()
	for {
		conn, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		inside := ours(t, conn)
		switch _, err := readHeader(inside); {
		case err == nil:
			return inside
		case !errors.Is(err, io.EOF):
			t.Fatal(err)
		}
	}
}

// readHeader reads the header of the PROXY protocol, as far as its length says.
func readHeader(from io.Reader) ([]byte, error) {
	header := make([]byte, 16)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	addresses := make([]byte, binary.BigEndian.Uint16(header[14:]))
	_, err := io.ReadFull(from, addresses)
	return append(header, addresses...), err
}

func say(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, from io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || string(got) != want {
		t.Fatalf("heard %q (%v), want %q", got, err, want)
	}
}

func TestAnEndIsPassedOnAndTheOtherDirectionGoesOn(t *testing.T) {
	client, inside := pair(t)
	say(t, client, "hello")
	hear(t, inside, "hello")
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("the client's end comes as %v", err)
	}
	say(t, inside, "bye")
	_ = inside.Close()
	hear(t, client, "bye")
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("the guest's end comes as %v", err)
	}
}

func TestAClientThatBreaksIsSeenInTheGuestAtOnce(t *testing.T) {
	client, inside := pair(t)
	say(t, client, "x")
	hear(t, inside, "x")
	_ = client.SetLinger(0) // a reset, as from a process that is killed with unread data
	_ = client.Close()
	if _, err := inside.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the guest sees %v", err)
	}
}

func TestAClientThatBreaksWhileItDoesNotReadIsSeenInTheGuest(t *testing.T) {
	client, inside := pair(t)
	_ = client.SetReadBuffer(4 << 10)
	_ = inside.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	piece := make([]byte, 1<<20)
	for {
		if _, err := inside.Write(piece); err != nil {
			break // all on the way is full
		}
	}
	_ = inside.SetDeadline(time.Now().Add(patience))
	_ = client.Close()
	if _, err := inside.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the guest sees %v", err)
	}
}

func TestAGuestThatBreaksIsSeenByTheClientAtOnce(t *testing.T) {
	client, inside := pair(t)
	say(t, inside, "last words")
	hear(t, client, "last words")
	_ = inside.SetLinger(0)
	_ = inside.Close()
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client sees %v", err)
	}
}

func TestAClientThatStaysAfterTheGuestHasGoneIsCut(t *testing.T) {
	t.Parallel()
	client, inside := pair(t)
	began := time.Now()
	_ = inside.CloseWrite()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("the guest's end comes as %v", err)
	}
	for { // until nobody takes what is said any more
		if _, err := client.Write([]byte("x")); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if took := time.Since(began); took < partingWait || took > patience {
		t.Errorf("cut after %v, not after %v", took, partingWait)
	}
}

func TestWhoComesBeforeTheGuestIsThereWaits(t *testing.T) {
	g := guest(t)
	r := door(t, most)
	client := connect(t, r)
	say(t, client, "early")
	r.Open(address(g))
	hear(t, arrive(t, g), "early")
	r.Shut()
	late := connect(t, r)
	other := guest(t)
	r.Open(address(other))
	inside := arrive(t, other)
	say(t, late, "late")
	hear(t, inside, "late")
}

func TestWhoWaitsInVainIsLetGo(t *testing.T) {
	t.Parallel()
	began := time.Now()
	client := connect(t, door(t, most))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the client sees %v", err)
	}
	if took := time.Since(began); took < dialWait {
		t.Errorf("let go after %v, not after %v", took, dialWait)
	}
}

func TestMoreThanTheMostWaitUntilOneLeaves(t *testing.T) {
	g := guest(t)
	r := door(t, 1)
	r.Open(address(g))
	first, second := connect(t, r), connect(t, r)
	say(t, second, "second")
	inside := arrive(t, g)
	say(t, first, "first")
	hear(t, inside, "first")
	_ = first.Close()
	_ = inside.Close()
	hear(t, arrive(t, g), "second")
}

func TestABurstGetsThroughAShortQueue(t *testing.T) {
	const clients = 200
	g := guest(t)
	r := door(t, most)
	r.Open(address(g))
	go func() {
		for {
			conn, err := g.Accept()
			if err != nil {
				return
			}
			_, _ = readHeader(conn)
			_, _ = conn.Write([]byte("in"))
			_ = conn.Close()
		}
	}()
	began := time.Now()
	var all sync.WaitGroup
	for range clients {
		client := connect(t, r)
		all.Go(func() {
			if text, err := io.ReadAll(client); string(text) != "in" {
				t.Errorf("heard %q: %v", text, err)
			}
		})
	}
	all.Wait()
	// Without help the last come after dozens of seconds: the system repeats a knock after one, three, seven, fifteen, 31.
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the last is through after %v", took)
	}
}

func TestAllAddressesMeanBothFamilies(t *testing.T) {
	g := guest(t)
	r, err := Listen(netip.MustParseAddrPort("[::]:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Open(address(g))
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr(host), r.Addr().Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		say(t, ours(t, conn), host)
		hear(t, arrive(t, g), host)
	}
}

func TestCloseCutsAndRefuseDoesNot(t *testing.T) {
	g := guest(t)
	r := door(t, most)
	r.Open(address(g))
	client := connect(t, r)
	inside := arrive(t, g)
	r.Refuse()
	if _, err := net.Dial("tcp", r.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a newcomer sees %v", err)
	}
	say(t, client, "still here")
	hear(t, inside, "still here")
	r.Close()
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client sees %v", err)
	}
}

func TestTheGuestIsToldWhoseAConnectionIs(t *testing.T) {
	const (
		fixed  = 16
		tcp4   = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"
		tcp6   = "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24"
		portOf = 2 // bytes of a port
	)
	g := guest(t)
	r, err := Listen(netip.MustParseAddrPort("[::]:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Open(address(g))
	for _, host := range []string{"127.0.0.1", "::1"} {
		dialed, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr(host), r.Addr().Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		client := ours(t, dialed)
		conn, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		header, err := readHeader(ours(t, conn))
		if err != nil {
			t.Fatal(err)
		}
		begin, addr := tcp4, netip.MustParseAddr(host)
		if addr.Is6() {
			begin = tcp6
		}
		if string(header[:fixed]) != begin {
			t.Errorf("%s: the header begins with %q", host, header[:fixed])
		}
		both := string(addr.AsSlice()) + string(addr.AsSlice())
		if got := string(header[fixed : len(header)-2*portOf]); got != both {
			t.Errorf("%s: the addresses are %x", host, got)
		}
		ports := header[len(header)-2*portOf:]
		if from := binary.BigEndian.Uint16(ports); int(from) != client.LocalAddr().(*net.TCPAddr).Port {
			t.Errorf("%s: from port %d, which is not %v", host, from, client.LocalAddr())
		}
		if to := binary.BigEndian.Uint16(ports[portOf:]); to != r.Addr().Port() {
			t.Errorf("%s: to port %d, which is not %v", host, to, r.Addr())
		}
	}
}
