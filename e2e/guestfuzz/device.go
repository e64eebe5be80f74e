// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"kchat/e2e/fuzz/guided"
	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

// The lines of the device: what a program does with its file.
const (
	deviceWrite = iota
	deviceRead  // as many bytes as the first two of the packet say
	deviceJoin  // KCHAT_IOC_JOIN of the packet, as long as a request is
	deviceIoctl // the request of the first four bytes, of the rest
	devicePoll
	deviceAgain // another file instead, with O_RDWR or what the first byte says
	deviceLines
)

const (
	joinLen = 4 + wire.RoomNameMax              // struct kchat_ioc_join
	iocJoin = 1<<30 | joinLen<<16 | 0xBA<<8 | 1 // KCHAT_IOC_JOIN
)

// local is what a program of this machine does with /dev/kchat. Somebody is in its room, so that it has somebody to talk to.
type local struct{ place *place }

func newDevice(p *place) (guided.Target, error) {
	c, _, err := p.enter(2, room)
	if err != nil {
		return nil, err
	}
	if _, err := c.Join(wire.Join{Name: "#local"}); err != nil {
		return nil, err
	}
	c.KeepAlive(time.Second)
	go func() { _ = c.Stream(func(peer.Frame) error { return nil }) }() // ends with the program
	return &local{p}, nil
}

func (t *local) Lines() int { return deviceLines }

func (t *local) Mend(guided.Input, *rand.Rand) {}

func (t *local) Seeds() ([]guided.Input, error) {
	join := make([]byte, joinLen)
	copy(join[4:], room)
	back := append([]byte{1}, join[1:]...)
	login := binary.NativeEndian.AppendUint32(nil, 0x8000BA02)
	return []guided.Input{
		{{Line: deviceWrite, Data: []byte("hello")}, {Line: deviceRead, Data: []byte{0, 1}}, {Line: devicePoll}},
		{{Line: deviceJoin, Data: join}, {Line: deviceWrite, Data: []byte("안녕\n")}, {Line: deviceRead, Data: []byte{5, 0}}, {Line: deviceRead, Data: []byte{0, 8}}},
		{{Line: deviceJoin, Data: back}, {Line: deviceIoctl, Data: login}, {Line: deviceAgain, Data: []byte{unix.O_RDONLY}}},
	}, nil
}

// Run does what the packets say; each call may fail, but none may wait.
func (t *local) Run(in guided.Input) error {
	fd, err := t.open(unix.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	for _, p := range in {
		switch p.Line % deviceLines {
		case deviceWrite:
			_, _ = unix.Write(fd, p.Data)
		case deviceRead:
			_, _ = unix.Read(fd, make([]byte, uint16At(p.Data)))
		case deviceJoin:
			request := make([]byte, joinLen)
			copy(request, p.Data)
			ioctl(fd, iocJoin, request)
		case deviceIoctl:
			// What it writes to is long enough for any request: their length has 14 bits.
			argument := make([]byte, 1<<14)
			number := make([]byte, 4)
			copy(argument, p.Data[copy(number, p.Data):])
			ioctl(fd, uintptr(binary.NativeEndian.Uint32(number)), argument)
		case devicePoll:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}, 0)
		case deviceAgain:
			_ = unix.Close(fd)
			if fd, err = t.open(int(uint16At(p.Data)) & unix.O_ACCMODE); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *local) open(flags int) (int, error) {
	if flags == unix.O_ACCMODE { // no way to open anything
		flags = unix.O_RDWR
	}
	fd, err := unix.Open(device.Path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the device: %w", err)
	}
	return fd, nil
}

func ioctl(fd int, request uintptr, argument []byte) {
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&argument[0])))
}

// uint16At is the number that data begins with.
func uint16At(data []byte) uint16 {
	var n [2]byte
	copy(n[:], data)
	return binary.LittleEndian.Uint16(n[:])
}
