// SPDX-License-Identifier: GPL-2.0-only

package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"kchat/wire"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// asked is a socket to which the questions of a Find come; what it answers is up to the test.
type asked struct {
	*net.UDPConn
	port uint16
}

func newAsked(t *testing.T) asked {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return asked{conn, conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()}
}

// question waits for one and returns its mark and who asked.
func (a asked) question(t *testing.T) (mark [8]byte, from netip.AddrPort) {
	t.Helper()
	data := make([]byte, longestAnswer)
	_ = a.SetReadDeadline(time.Now().Add(patience))
	n, from, err := a.ReadFromUDPAddrPort(data)
	if err != nil || n != wire.DiscoverLen {
		t.Errorf("a question of %d bytes: %v", n, err)
	}
	return [8]byte(data[8:16]), from
}

func (a asked) send(t *testing.T, data []byte, to netip.AddrPort) {
	t.Helper()
	if _, err := a.WriteToUDPAddrPort(data, to); err != nil {
		t.Error(err)
	}
}

// search runs a Find of one port of this host. The channel is closed when it has ended.
func search(t *testing.T, port uint16) <-chan Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	found, ended := make(chan Server, mostServers), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(found)
		if err := Find(ctx, Options{Hosts: []string{"127.0.0.1"}, port: port}, func(s Server) { found <- s }); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return found
}

func answer(mark [8]byte, server byte) wire.Answer {
	return wire.Answer{Mark: mark, Server: [16]byte{server}, Community: [16]byte{9}, Port: 10106, Name: "den", Version: "1.0", People: 3}
}

func TestWhoAnswersIsReportedOnceWithItsAddressAndTime(t *testing.T) {
	a := newAsked(t)
	found := search(t, a.port)
	mark, from := a.question(t)
	time.Sleep(20 * time.Millisecond)
	a.send(t, answer(mark, 1).Append(nil), from)
	s := <-found
	if s.Name != "den" || s.People != 3 || s.Addr != netip.MustParseAddrPort("127.0.0.1:10106") {
		t.Errorf("found %+v", s)
	}
	if s.RTT < 20*time.Millisecond || s.RTT > patience {
		t.Errorf("the time is %v", s.RTT)
	}
	again, _ := a.question(t)
	if again == mark {
		t.Error("the second question has the mark of the first")
	}
	a.send(t, answer(again, 1).Append(nil), from)
	// Another server at the same address is something new.
	a.send(t, answer(again, 2).Append(nil), from)
	if s := <-found; s.Server != [16]byte{2} {
		t.Errorf("the first server is reported twice: %+v", s)
	}
}

func TestWhatIsNoAnswerToAQuestionOfOursIsNotReported(t *testing.T) {
	a, stranger := newAsked(t), newAsked(t)
	found := search(t, a.port)
	mark, from := a.question(t)
	good := answer(mark, 1).Append(nil)
	a.send(t, answer([8]byte{1, 2, 3}, 7).Append(nil), from)            // a guessed mark
	stranger.send(t, answer(mark, 7).Append(nil), from)                 // from another port of the address
	a.send(t, wire.Question{Mark: mark}.Append(nil), from)              // our own question
	a.send(t, append(bytes.Clone(good[:4]), make([]byte, 88)...), from) // version 0
	for n := range good {
		a.send(t, good[:n], from)
	}
	for _, at := range []int{0, 4, 5, 6, 48, 54, 55} { // magic, version, kind, reserved, port, lengths
		changed := bytes.Clone(good)
		changed[at] ^= 0xff
		if at == 48 {
			changed[48], changed[49] = 0, 0 // port 0
		}
		a.send(t, changed, from)
	}
	longer := append(answer(mark, 2).Append(nil), make([]byte, 1400)...) // of a later version: it says more
	a.send(t, longer, from)
	seen := map[byte]bool{}
	for !seen[2] {
		s, more := <-found
		if !more {
			t.Fatal("the good answer was not reported")
		}
		seen[s.Server[0]] = true
	}
	delete(seen, 7) // it may come: from the address that was asked, by whatever port
	if len(seen) != 1 {
		t.Errorf("reported: %v", seen)
	}
}

func TestOnlyTheAddressThatWasAskedAnswers(t *testing.T) {
	f := &finder{marks: map[mark]question{
		{1}: {at: time.Now(), to: netip.MustParseAddr("10.0.0.1")},
		{2}: {at: time.Now()}, // to everybody
	}}
	for _, c := range []struct {
		mark byte
		from string
		want bool
	}{{1, "10.0.0.2", false}, {1, "10.0.0.1", true}, {2, "10.0.0.3", true}, {3, "10.0.0.4", false}} {
		h := heard{data: answer([8]byte{c.mark}, 1).Append(nil), from: netip.MustParseAddr(c.from), at: time.Now()}
		if _, ok := f.take(h); ok != c.want {
			t.Errorf("mark %d from %s: %v", c.mark, c.from, ok)
		}
	}
}

func TestAServerThatWasNotAskedForIsNotReported(t *testing.T) {
	f := &finder{opt: Options{Server: [16]byte{1}}, marks: map[mark]question{{1}: {at: time.Now()}}}
	for server, want := range map[byte]bool{1: true, 2: false} {
		h := heard{data: answer([8]byte{1}, server).Append(nil), from: netip.MustParseAddr("10.0.0.1"), at: time.Now()}
		if _, ok := f.take(h); ok != want {
			t.Errorf("server %d: %v", server, ok)
		}
	}
}

func TestAFloodOfAnswersIsBounded(t *testing.T) {
	f := &finder{marks: map[mark]question{{1}: {at: time.Now()}}}
	reported := map[netip.Addr]int{}
	for i := range 200 {
		from := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		for server := range 2 * mostFromOne {
			data := answer([8]byte{1}, byte(server)).Append(nil)
			if _, ok := f.take(heard{data: data, from: from, at: time.Now()}); ok {
				reported[from]++
			}
		}
	}
	all := 0
	for from, n := range reported {
		if all += n; n > mostFromOne {
			t.Errorf("%v is reported as %d servers", from, n)
		}
	}
	if all != mostServers || len(f.places) != mostServers {
		t.Errorf("%d reported, %d held", all, len(f.places))
	}
}

// silent is a socket on which everything can be asked and nothing is heard.
type silent struct{}

func (silent) ask(mark func(netip.Addr) []byte) error { mark(netip.Addr{}); return nil }
func (silent) listen(chan<- heard, <-chan struct{})   {}
func (silent) close()                                 {}

func TestMarksAreForgottenAndBounded(t *testing.T) {
	f := &finder{ears: []ear{silent{}}, marks: map[mark]question{}}
	for range 2 * mostMarks {
		if err := f.ask(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.marks) != mostMarks {
		t.Errorf("%d marks are held", len(f.marks))
	}
	if err := f.ask(time.Now().Add(markLivesFor + time.Second)); err != nil || len(f.marks) != 1 {
		t.Errorf("later %d are: %v", len(f.marks), err)
	}
}

func TestOverEthernetTheFrameProvesTheMACAndTheAddressIsOfTheLink(t *testing.T) {
	mac := [6]byte{2, 0, 0, 0, 0, 1}
	for _, c := range []struct {
		from string // MAC, in the last byte
		addr string
		want string
	}{
		{"itself", "fe80::1", "[fe80::1%cable]:10106"},
		{"itself", "::", "invalid AddrPort"},
		{"itself", "2001:db8::1", "invalid AddrPort"},
		{"another", "fe80::1", ""},
	} {
		f := &finder{marks: map[mark]question{{1}: {at: time.Now()}}}
		a := answer([8]byte{1}, 1)
		a.MAC, a.LinkLocal = mac, netip.MustParseAddr(c.addr).As16()
		from := &etherFrom{mac: mac, iface: "cable"}
		if c.from != "itself" {
			from.mac[5]++
		}
		s, ok := f.take(heard{data: a.Append(nil), ether: from, at: time.Now()})
		if ok != (c.want != "") || (ok && (s.Addr.String() != c.want || s.Interface != "cable")) {
			t.Errorf("%+v: %v, %+v", c, ok, s)
		}
	}
}

func TestTheBroadcastAddressOfANetwork(t *testing.T) {
	for network, want := range map[string]string{
		"192.168.1.7/24": "192.168.1.255", "10.1.2.3/8": "10.255.255.255", "10.0.0.77/26": "10.0.0.127", "10.0.0.1/31": "", "10.0.0.1/32": "",
	} {
		got, ok := broadcast(netip.MustParsePrefix(network))
		if ok != (want != "") || (ok && got.String() != want) {
			t.Errorf("%s: %v, %v", network, got, ok)
		}
	}
}

func TestWhatCannotBeAskedIsNamed(t *testing.T) {
	for _, c := range []struct {
		opt  Options
		want string
	}{
		{Options{Hosts: []string{"no such host.invalid"}}, "no such host.invalid"},
		{Options{Ether: "nothere0"}, "nothere0"},
		{Options{Ether: "lo"}, "no Ethernet interface"},
	} {
		err := Find(t.Context(), c.opt, func(Server) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.opt, err)
		}
	}
	f := &finder{ears: []ear{failing{}}, marks: map[mark]question{}}
	if err := f.ask(time.Now()); !errors.Is(err, errFails) {
		t.Errorf("nobody was asked: %v", err)
	}
}

// failing is a socket on which nothing can be asked.
type failing struct{ silent }

var errFails = fmt.Errorf("the network is down")

func (failing) ask(func(netip.Addr) []byte) error { return errFails }
