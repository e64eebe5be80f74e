// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/netns"
	"kchat/server/route"
	"kchat/wire"
)

// The two ends of the cable: the server's, and the one in a network namespace of its own, without any configuration.
const (
	nearEnd = "cable0"
	farEnd  = "cable1"
)

// elsewhere runs a function in a network namespace of its own, which is gone with it.
func elsewhere(run func(namespace int) error) error {
	return netns.New(func() error {
		namespace, err := netns.Open()
		if err != nil {
			return err
		}
		defer unix.Close(namespace)
		return run(namespace)
	})
}

// here runs a function in the server's network namespace, from a thread that is elsewhere.
func here(run func() error) error {
	done := make(chan error)
	go func() { done <- run() }()
	return <-done
}

func up(conn *route.Conn, link *net.Interface) error { return conn.Up(link.Index) }

// plug lays the cable; its near end is brought up here, its far end where the caller is.
func plug(namespace int) error {
	err := here(func() error {
		conn, err := route.Dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.AddVeth(nearEnd, farEnd, namespace); err != nil {
			return fmt.Errorf("lay a cable: %w", err)
		}
		return route.WithLink(nearEnd, up)
	})
	if err != nil {
		return err
	}
	return route.WithLink(farEnd, up)
}

// segmentUp brings up the segment that leads to the host.
func segmentUp(context.Context) error { return route.WithLink("eth1", up) }

// unplug takes the cable away.
func unplug() error {
	return here(func() error {
		return route.WithLink(nearEnd, func(conn *route.Conn, link *net.Interface) error { return conn.Delete(link.Index) })
	})
}

// wireEnd is a packet socket at an end of the cable, packet(7).
type wireEnd struct {
	fd   int
	link *net.Interface
}

func openWire() (*wireEnd, error) { return openWireAt(farEnd) }

func openWireAt(name string) (*wireEnd, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", name, err)
	}
	protocol := uint16(wire.DiscoverEtherType&0xff<<8 | wire.DiscoverEtherType>>8) // network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: link.Index}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("bind a packet socket to %s: %w", name, err)
	}
	return &wireEnd{fd, link}, nil
}

func (w *wireEnd) close() { _ = unix.Close(w.fd) }

// send puts a frame on the cable: to everybody, from us, with a payload of any length.
func (w *wireEnd) send(payload []byte) error {
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, w.link.HardwareAddr...)
	frame = append(frame, wire.DiscoverEtherType>>8, wire.DiscoverEtherType&0xff)
	if _, err := unix.Write(w.fd, append(frame, payload...)); err != nil {
		return fmt.Errorf("send a frame: %w", err)
	}
	return nil
}

// drain reads over what has come: on a segment everybody's packet sockets hear the same.
func (w *wireEnd) drain() error {
	for {
		if _, _, err := w.receive(quiet); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil
			}
			return err
		}
	}
}

// receive waits for a frame that is not our own; os.ErrDeadlineExceeded: none came.
func (w *wireEnd) receive(wait time.Duration) (from net.HardwareAddr, payload []byte, err error) {
	timeout := unix.NsecToTimeval(int64(wait))
	if err := unix.SetsockoptTimeval(w.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return nil, nil, err
	}
	frame := make([]byte, 2048)
	for {
		n, err := unix.Read(w.fd, frame)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return nil, nil, os.ErrDeadlineExceeded
		case err != nil:
			return nil, nil, fmt.Errorf("receive a frame: %w", err)
		case n < 14:
			return nil, nil, fmt.Errorf("a frame of %d bytes", n)
		default:
			return net.HardwareAddr(frame[6:12]), frame[14:n], nil
		}
	}
}
