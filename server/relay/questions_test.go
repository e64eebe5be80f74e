// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"kchat/wire"
)

// quiet is how long nothing must come for a test to believe that nothing will.
const quiet = 300 * time.Millisecond

func udp(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// desk is a Questions for this host, its port, and the microVM that it asks.
func desk(t *testing.T) (q *Questions, at netip.AddrPort, microVM *net.UDPConn) {
	t.Helper()
	free := udp(t, "127.0.0.1:0")
	at = free.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = free.Close()
	q, err := Ask(at.Addr(), at.Port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	microVM = udp(t, "127.0.0.1:0")
	q.Open(microVM.LocalAddr().(*net.UDPAddr).AddrPort())
	return q, at, microVM
}

// next waits for a datagram; nil: none came.
func next(t *testing.T, conn *net.UDPConn, wait time.Duration) ([]byte, netip.AddrPort) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	data := make([]byte, 2048)
	n, from, err := conn.ReadFromUDPAddrPort(data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, from
	}
	if err != nil {
		t.Fatal(err)
	}
	return data[:n], from
}

func send(t *testing.T, conn *net.UDPConn, data []byte, to netip.AddrPort) {
	t.Helper()
	if _, err := conn.WriteToUDPAddrPort(data, to); err != nil {
		t.Fatal(err)
	}
}

func TestTwoWhoAskWithTheSameMarkEachGetTheirAnswer(t *testing.T) {
	_, at, microVM := desk(t)
	question := wire.Question{Mark: [8]byte{7}, Server: [16]byte{1}}.Append(nil)
	askers := []*net.UDPConn{udp(t, "127.0.0.1:0"), udp(t, "127.0.0.2:0")}
	for i, asker := range askers {
		send(t, asker, question, at)
		asked, relay := next(t, microVM, patience)
		if len(asked) != wire.DiscoverLen || bytes.Equal(asked[8:16], question[8:16]) || !bytes.Equal(asked[16:], question[16:]) {
			t.Fatalf("the microVM is asked %x", asked)
		}
		answer := wire.Answer{Mark: [8]byte(asked[8:16]), Port: 1, Name: fmt.Sprint("answer ", i)}
		defer send(t, microVM, answer.Append(nil), relay) // a second time: it is not led twice
		send(t, microVM, answer.Append(nil), relay)
		data, from := next(t, asker, patience)
		got, err := wire.ParseAnswer(data)
		if err != nil || got.Mark != [8]byte{7} || got.Name != answer.Name || from != at {
			t.Errorf("%v answers %d with %+v: %v", from, i, got, err)
		}
	}
}

func TestWhatGoesToAllOfThisHostReachesAllServersOfIt(t *testing.T) {
	first, at, microVM := desk(t)
	_ = first
	second, err := Ask(at.Addr(), at.Port())
	if err != nil {
		t.Fatalf("a second server of this host: %v", err)
	}
	defer second.Close()
	other := udp(t, "127.0.0.1:0")
	second.Open(other.LocalAddr().(*net.UDPAddr).AddrPort())
	asker := udp(t, "127.0.0.1:0")
	send(t, asker, wire.Question{}.Append(nil), netip.AddrPortFrom(netip.MustParseAddr("127.255.255.255"), at.Port()))
	for _, conn := range []*net.UDPConn{microVM, other} {
		asked, relay := next(t, conn, patience)
		if asked == nil {
			t.Fatal("one of the two was not asked")
		}
		send(t, conn, wire.Answer{Mark: [8]byte(asked[8:16]), Port: 1}.Append(nil), relay)
		if data, from := next(t, asker, patience); data == nil || from.Addr() != at.Addr() {
			t.Errorf("an answer of %d bytes from %v", len(data), from)
		}
	}
}

func TestWhatIsNoQuestionAndWhatIsNoAnswerIsNotLed(t *testing.T) {
	q, at, microVM := desk(t)
	asker, stranger := udp(t, "127.0.0.1:0"), udp(t, "127.0.0.1:0")
	question := wire.Question{Mark: [8]byte{7}}.Append(nil)
	for _, n := range []int{0, 1, wire.DiscoverLen - 1} {
		send(t, asker, question[:n], at)
	}
	send(t, asker, append(bytes.Clone(question), 0), at)
	send(t, asker, question, at)
	asked, relay := next(t, microVM, patience)
	if len(asked) != wire.DiscoverLen {
		t.Fatalf("the microVM is asked with %d bytes", len(asked))
	}
	mark := [8]byte(asked[8:16])
	answer := wire.Answer{Mark: mark, Port: 1, Name: "spoofed"}
	send(t, stranger, answer.Append(nil), relay)                                           // not from the microVM
	send(t, microVM, wire.Answer{Mark: [8]byte{9}, Port: 1, Name: "x"}.Append(nil), relay) // not asked for
	send(t, microVM, make([]byte, 3), relay)
	answer.Name = "good"
	send(t, microVM, answer.Append(nil), relay)
	data, _ := next(t, asker, patience)
	if got, err := wire.ParseAnswer(data); err != nil || got.Name != "good" {
		t.Errorf("the first answer is %+v: %v", got, err)
	}
	q.Shut()
	send(t, asker, question, at)
	if asked, _ := next(t, microVM, quiet); asked != nil {
		t.Error("a microVM that is gone is asked")
	}
}

func TestOneWhoAsksTooOftenIsNotLed(t *testing.T) {
	_, at, microVM := desk(t)
	asker := udp(t, "127.0.0.1:0")
	began := time.Now()
	for i := range 4 * askedPerSecond {
		send(t, asker, wire.Question{Mark: [8]byte{byte(i)}}.Append(nil), at)
	}
	led := 0
	for wait := patience; ; wait = quiet {
		if asked, _ := next(t, microVM, wait); asked == nil {
			break
		}
		led++
	}
	if most := int(float64(askedPerSecond) * (1 + time.Since(began).Seconds())); led == 0 || led > most {
		t.Errorf("%d of %d questions were led, at most %d", led, 4*askedPerSecond, most)
	}
}

func TestLimitsOfQuestions(t *testing.T) {
	now := time.Now()
	fresh := func() limits { return limits{perAddress: map[netip.Addr]*bucket{}} }
	count := func(l *limits, times int, from func(i int) string) (taken int) {
		for i := range times {
			if l.take(netip.MustParseAddr(from(i)), now) {
				taken++
			}
		}
		return taken
	}
	l := fresh()
	if got := count(&l, 100, func(int) string { return "10.0.0.1" }); got != askedPerSecond {
		t.Errorf("of one address %d are taken at once", got)
	}
	if got := count(&l, 1, func(int) string { return "10.0.0.2" }); got != 1 {
		t.Error("another address pays for it")
	}
	if now = now.Add(time.Second / askedPerSecond); count(&l, 5, func(int) string { return "10.0.0.1" }) != 1 {
		t.Error("later it is not one more")
	}
	l = fresh()
	if got := count(&l, 100, func(i int) string { return fmt.Sprintf("2001:db8::%x%%eth0", i) }); got != askedPerSecond {
		t.Errorf("of one network of IPv6 %d are taken", got)
	}
	l = fresh()
	if got := count(&l, 100, func(i int) string { return fmt.Sprintf("fe80::%x%%eth0", i) }); got != 100 {
		t.Errorf("of a link %d are taken", got)
	}
	l = fresh()
	many := func(i int) string { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String() }
	if got := count(&l, 10*mostAddresses, many); got != askedInAll {
		t.Errorf("of many addresses %d are taken", got)
	}
	if len(l.perAddress) > mostAddresses {
		t.Errorf("%d addresses are held", len(l.perAddress))
	}
	if now = now.Add(time.Minute); count(&l, 1, func(int) string { return "192.0.2.1" }) != 1 || len(l.perAddress) != 1 {
		t.Errorf("after a minute %d addresses are held", len(l.perAddress))
	}

	// At the edge of the table: the last that is told apart, and the first that is not. It counts as one of all alone.
	l = fresh()
	count(&l, mostAddresses, many)
	if len(l.perAddress) != mostAddresses {
		t.Errorf("%d addresses are told apart, want %d", len(l.perAddress), mostAddresses)
	}
	now = now.Add(time.Second / askedInAll)
	if got := count(&l, 2, func(int) string { return "192.0.2.1" }); got != 1 || len(l.perAddress) != mostAddresses {
		t.Errorf("of one beyond them %d are taken, %d addresses are held", got, len(l.perAddress))
	}
}

func TestNoMoreQuestionsWaitThanMay(t *testing.T) {
	q := &Questions{asking: map[[8]byte]asking{}}
	now := time.Now()
	for i := range mostAsking {
		if !q.room(now) {
			t.Fatalf("question %d has no room", i)
		}
		q.asking[[8]byte{byte(i), byte(i >> 8)}] = asking{at: now}
	}
	if q.room(now) {
		t.Error("one more has room")
	}
	if !q.room(now.Add(answerWait+time.Second)) || len(q.asking) != 0 {
		t.Errorf("%d that were never answered are held", len(q.asking))
	}
}
