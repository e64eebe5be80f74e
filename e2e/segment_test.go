// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/server/vm"
	"kchat/server/vmtest"
	"kchat/wire"
)

// segment is this host's end of an Ethernet segment that leads to the server's eth1: each datagram is a frame.
type segment struct {
	conn  *net.UnixConn
	guest *net.UnixAddr
}

// ours is our MAC address on the segment: one of those that nobody was given (IEEE 802, "local").
var ours = net.HardwareAddr{0x02, 0, 0, 0, 0, 0x17}

var everybody = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// newSegment lays a cable; the machine under test gets the other end.
func newSegment(t *testing.T) (*segment, vm.Cable) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kchat-") // t.TempDir is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cable := vm.Cable{Guest: filepath.Join(dir, "guest"), Host: filepath.Join(dir, "host")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: cable.Host, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &segment{conn, &net.UnixAddr{Name: cable.Guest, Net: "unixgram"}}, cable
}

// perAddress is how many answers one address gets in a second.
const perAddress = 20

// frame is one of discovery.
func frame(to, from net.HardwareAddr, payload []byte) []byte {
	head := append(bytes.Clone(to), from...)
	return append(append(head, wire.DiscoverEtherType>>8, wire.DiscoverEtherType&0xff), payload...)
}

func (s *segment) send(t *testing.T, frame []byte) {
	t.Helper()
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience)) // while QEMU does not read, it waits
	if _, err := s.conn.WriteToUnix(frame, s.guest); err != nil {
		t.Fatal(err)
	}
}

// next waits for a frame of discovery; nil: none came.
func (s *segment) next(t *testing.T, wait time.Duration) []byte {
	t.Helper()
	_ = s.conn.SetReadDeadline(time.Now().Add(wait))
	for {
		data := make([]byte, 2048)
		n, err := s.conn.Read(data)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		// The machine itself says this and that when an interface comes up, such as who is a router here.
		if n >= 14 && data[12] == wire.DiscoverEtherType>>8 && data[13] == wire.DiscoverEtherType&0xff {
			return data[:n]
		}
	}
}

// asks sends a good question until it is answered, and returns the frame.
func (s *segment) asks(t *testing.T, to net.HardwareAddr) (answer wire.Answer, head []byte) {
	t.Helper()
	var q wire.Question
	_, _ = rand.Read(q.Mark[:]) // never fails
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		s.send(t, frame(to, ours, q.Append(nil)))
		data := s.next(t, time.Second)
		if data == nil {
			continue
		}
		answer, err := wire.ParseAnswer(data[14:])
		if err != nil || answer.Mark != q.Mark {
			t.Fatalf("to a question with the mark %x: %x, %v", q.Mark, data, err)
		}
		return answer, data[:14]
	}
	t.Fatal("a good question is not answered")
	return wire.Answer{}, nil
}

// TestDiscoveryOnASegment asks with frames that this host makes byte by byte.
func TestDiscoveryOnASegment(t *testing.T) {
	path := build(t, "./guestnet")
	seg, cable := newSegment(t)
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithCable(cable))
	s.SetParam(t, "answers_address", perAddress) // for a microVM the runner counts, and it is lifted
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	if out, err := s.Exec(ctx, "/bin/guestnet", "up"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kernel := s.Runner.Kernel()
	question := wire.Question{Mark: [8]byte{1}}.Append(nil)
	silence := func(when string) {
		t.Helper()
		seg.send(t, frame(everybody, ours, question))
		if data := seg.next(t, time.Second); data != nil {
			t.Errorf("%s it answers %x", when, data)
		}
	}
	silence("before it is switched on")
	if err := kernel.SetEther(ctx, "eth1", true); err != nil {
		t.Fatal(err)
	}
	answer, head := seg.asks(t, everybody)
	eventually(t, "an address on the link", func() bool {
		answer, head = seg.asks(t, everybody)
		return netip.AddrFrom16(answer.LinkLocal).IsLinkLocalUnicast()
	})
	mac := net.HardwareAddr(answer.MAC[:])
	if !bytes.Equal(head[:6], ours) || !bytes.Equal(head[6:12], mac) || answer.Port == 0 {
		t.Errorf("the answer's head is %x, it says %+v", head, answer)
	}
	t.Logf("%q answers on the segment: MAC %v, %v", answer.Name, mac, netip.AddrFrom16(answer.LinkLocal))
	seg.asks(t, mac)

	for name, data := range noQuestions(mac, question) {
		seg.send(t, data)
		if data := seg.next(t, 200*time.Millisecond); data != nil {
			t.Errorf("%s is answered with %x", name, data)
		}
	}
	for n := 1; n < 14+len(question); n++ { // cut at every byte; to nothing at all, QEMU would take it for the end
		seg.send(t, frame(everybody, ours, question)[:n])
	}
	seg.asks(t, everybody)

	flooded := time.Now()
	const questions = 2000
	for range questions {
		seg.send(t, frame(everybody, ours, question))
	}
	answers := 0
	for seg.next(t, time.Second) != nil {
		answers++
	}
	if most := int(perAddress * (1 + time.Since(flooded).Seconds())); answers > most {
		t.Errorf("%d questions get %d answers, at most %d", questions, answers, most)
	}
	seg.asks(t, everybody)

	if err := kernel.SetEther(ctx, "eth1", false); err != nil {
		t.Fatal(err)
	}
	silence("after it was switched off")
	if list, err := kernel.Ether(ctx); err != nil || len(list) != 0 {
		t.Errorf("the list is %v: %v", list, err)
	}
	if err := kernel.SetEther(ctx, "eth1", true); err != nil { // the module goes with it on
		t.Fatal(err)
	}
	if list, err := kernel.Ether(ctx); err != nil || len(list) != 1 || list[0] == (genl.Interface{Name: "eth1"}) {
		t.Errorf("the list is %v: %v", list, err)
	}
}

// noQuestions are frames that get no answer.
func noQuestions(mac net.HardwareAddr, question []byte) map[string][]byte {
	changed := func(at int, value byte) []byte {
		data := bytes.Clone(question)
		data[at] = value
		return frame(everybody, ours, data)
	}
	vlan := frame(everybody, ours, question)
	vlan = append(vlan[:12:12], append([]byte{0x81, 0, 0, 5}, vlan[12:]...)...)
	other := bytes.Clone(mac)
	other[5] ^= 1
	return map[string][]byte{
		"another version":                          changed(4, 2),
		"an answer":                                changed(5, 2),
		"a reserved field":                         changed(6, 1),
		"something in the padding":                 changed(255, 1),
		"a longer one":                             frame(everybody, ours, append(bytes.Clone(question), make([]byte, 500)...)),
		"one to another machine":                   frame(other, ours, question),
		"one from everybody":                       frame(mac, everybody, question),
		"one from a group":                         frame(mac, net.HardwareAddr{1, 0, 0x5e, 0, 0, 1}, question),
		"one from nobody":                          frame(mac, make(net.HardwareAddr, 6), question),
		"one of a VLAN in which the server is not": vlan,
	}
}
