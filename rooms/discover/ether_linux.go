// SPDX-License-Identifier: GPL-2.0-only

package discover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kchat/wire"
)

// etherHead is the length of a frame's head: destination, source, type.
const etherHead = 14

// etherEar is a packet socket, packet(7), bound to one interface.
type etherEar struct {
	file *os.File
	link *net.Interface
}

func openEther(name string) (ear, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("ask over Ethernet on %q: %w", name, err)
	}
	if len(link.HardwareAddr) != 6 {
		return nil, fmt.Errorf("ask over Ethernet on %s: it is no Ethernet interface", name)
	}
	if link.Flags&net.FlagUp == 0 {
		return nil, fmt.Errorf("ask over Ethernet on %s: it is down (ip link set %s up)", name, name)
	}
	// Protocol 0: it hears nothing before it is bound to the one interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("ask over Ethernet on %s: that needs the capability CAP_NET_RAW: "+
			"run it as root, or give it to the program (setcap cap_net_raw+ep PROGRAM): %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ask over Ethernet on %s: open a packet socket: %w", name, err)
	}
	var protocol [2]byte
	binary.BigEndian.PutUint16(protocol[:], wire.DiscoverEtherType)
	at := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(protocol[:]), Ifindex: link.Index}
	if err := unix.Bind(fd, at); err != nil {
		return nil, errors.Join(fmt.Errorf("ask over Ethernet on %s: %w", name, err), unix.Close(fd))
	}
	return &etherEar{os.NewFile(uintptr(fd), "packet socket"), link}, nil
}

func (e *etherEar) close() { _ = e.file.Close() }

// ask asks everybody on the segment.
func (e *etherEar) ask(mark func(netip.Addr) []byte) error {
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, e.link.HardwareAddr...)
	frame = binary.BigEndian.AppendUint16(frame, wire.DiscoverEtherType)
	if _, err := e.file.Write(append(frame, mark(netip.Addr{})...)); err != nil {
		return fmt.Errorf("ask over Ethernet on %s: %w", e.link.Name, err)
	}
	return nil
}

// listen hands on the frames that come to us until the socket is closed.
func (e *etherEar) listen(out chan<- heard, done <-chan struct{}) {
	for {
		frame := make([]byte, longestAnswer)
		n, err := e.file.Read(frame)
		at := time.Now()
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil || n < etherHead { // the interface has gone down, perhaps for a while
			select {
			case <-time.After(listenPause):
				continue
			case <-done:
				return
			}
		}
		from := &etherFrom{iface: e.link.Name}
		copy(from.mac[:], frame[6:12])
		select {
		case out <- heard{data: frame[etherHead:n], ether: from, at: at}:
		case <-done:
			return
		}
	}
}
