// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/netip"
	"testing"
	"time"
)

var (
	weAre, theyAre, strange = [16]byte{1}, [16]byte{2}, [16]byte{3}
	secret                  = bytes.Repeat([]byte{7}, 32)
)

// datagram is what one server says to another; n is how long it is.
func datagram(from, to [16]byte, n int, key []byte) []byte {
	data := make([]byte, n-sha256.Size)
	copy(data, peerMagic)
	data[kindAt] = peerKind
	copy(data[senderAt:], from[:])
	copy(data[receiverAt:], to[:])
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	return mac.Sum(data)
}

// members are a relay whose server has one peer, which hears at the socket that is returned.
func members(t *testing.T) (q *Questions, at netip.AddrPort, microVM, peer *net.UDPConn) {
	t.Helper()
	q, at, microVM = desk(t)
	peer = udp(t, "127.0.0.1:0")
	q.Join(Community{Server: weAre, Secret: secret, Peers: map[[16]byte]netip.AddrPort{
		theyAre: peer.LocalAddr().(*net.UDPAddr).AddrPort(),
	}})
	return q, at, microVM, peer
}

func TestWhatPeersSayIsLedBothWays(t *testing.T) {
	q, at, microVM, peer := members(t)
	for _, n := range []int{peerShortest, 256, peerLongest} { // 256 is the length of a question
		said := datagram(theyAre, weAre, n, secret)
		send(t, peer, said, at)
		if got, _ := next(t, microVM, patience); !bytes.Equal(got, said) {
			t.Fatalf("the microVM gets %d bytes of %d", len(got), n)
		}
		said = datagram(weAre, theyAre, n, secret)
		send(t, microVM, said, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), q.GuestPort()))
		got, from := next(t, peer, patience)
		if !bytes.Equal(got, said) || from != at {
			t.Fatalf("the peer gets %d bytes of %d from %v", len(got), n, from)
		}
	}
}

func TestWhatIsNotOfTheCommunityIsNotLed(t *testing.T) {
	q, at, microVM, peer := members(t)
	inside := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), q.GuestPort())
	good := datagram(theyAre, weAre, 200, secret)
	changed := func(at int) []byte {
		data := bytes.Clone(good)
		data[at]++
		return data
	}
	for _, bad := range [][]byte{
		good[:len(good)-1], good[:peerShortest-1], changed(0), changed(4), changed(100), changed(len(good) - 1),
		datagram(strange, weAre, 200, secret), datagram(theyAre, strange, 200, secret), datagram(theyAre, weAre, 200, secret[1:]),
		datagram(theyAre, weAre, peerLongest+1, secret), datagram(weAre, theyAre, 200, secret),
	} {
		send(t, peer, bad, at)
	}
	for _, bad := range [][]byte{
		datagram(theyAre, weAre, 200, secret), datagram(weAre, strange, 200, secret), datagram(strange, theyAre, 200, secret),
		datagram(weAre, theyAre, 200, secret[1:]), datagram(weAre, theyAre, peerLongest+1, secret),
	} {
		send(t, microVM, bad, inside)
	}
	if got, _ := next(t, microVM, quiet); got != nil {
		t.Errorf("the microVM gets %x", got)
	}
	if got, _ := next(t, peer, quiet); got != nil {
		t.Errorf("the peer gets %x", got)
	}
	send(t, peer, good, at)
	if got, _ := next(t, microVM, patience); !bytes.Equal(got, good) {
		t.Error("what is of the community is not led afterwards")
	}
	q.Join(Community{})
	send(t, peer, datagram([16]byte{}, [16]byte{}, 200, nil), at)
	send(t, peer, good, at)
	if got, _ := next(t, microVM, quiet); got != nil {
		t.Error("without a community something is led")
	}
}

func TestServersAtOneAddressEachHearTheirPeers(t *testing.T) {
	_, at, microVM, peer := members(t)
	second, err := Ask(at.Addr(), at.Port()) // the system gives to this one what comes
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	other := udp(t, "127.0.0.1:0")
	second.Open(other.LocalAddr().(*net.UDPAddr).AddrPort())
	second.Join(Community{Server: strange, Secret: secret[1:], Peers: map[[16]byte]netip.AddrPort{theyAre: at}})
	for _, c := range []struct {
		to      *net.UDPConn
		said    []byte
		nothing *net.UDPConn
	}{
		{microVM, datagram(theyAre, weAre, 200, secret), other},
		{other, datagram(theyAre, strange, 200, secret[1:]), microVM},
	} {
		send(t, peer, c.said, at)
		if got, _ := next(t, c.to, patience); !bytes.Equal(got, c.said) {
			t.Fatalf("it gets %d bytes", len(got))
		}
		if got, _ := next(t, c.nothing, quiet); got != nil {
			t.Error("the other one gets it too")
		}
	}
	send(t, peer, datagram(theyAre, [16]byte{99}, 200, secret), at) // of nobody here: it does not go round
	if got, _ := next(t, microVM, quiet); got != nil {
		t.Errorf("%x", got)
	}
}

func TestOnePeerTakesNoMoreThanItsShare(t *testing.T) {
	q, _, _, _ := members(t)
	now := time.Now()
	led := 0
	for range 2 * perPeer {
		if q.mayPass(theyAre, now) {
			led++
		}
	}
	if led != perPeer {
		t.Errorf("%d in one second", led)
	}
	if !q.mayPass(strange, now) {
		t.Error("another one pays for it")
	}
}
