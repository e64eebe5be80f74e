// SPDX-License-Identifier: GPL-2.0-only

// Package device is /dev/kchat as a program sees it: docs/local.md, and kmod/uapi/kchat_device.h.
package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"kchat/wire"
)

// Path is where the device is.
const Path = "/dev/kchat"

// The requests, as KCHAT_IOC_JOIN and KCHAT_IOC_LOGIN: direction, size, magic and number as in asm-generic/ioctl.h.
const (
	joinLen  = 4 + wire.RoomNameMax
	loginLen = 8 + 8 + wire.KeyLen + wire.NameMax + 16 + 8

	iocJoin  = 1<<30 | joinLen<<16 | 0xBA<<8 | 1
	iocLogin = 2<<30 | loginLen<<16 | 0xBA<<8 | 2

	backlog = 1 // KCHAT_IOC_BACKLOG
)

// The errors of opening that somebody can do something about.
var (
	ErrNoModule  = errors.New("the module is not loaded here: there is no " + Path)
	ErrNoServer  = errors.New("no server runs in this network namespace; start one with \"kchat-tui server start\"")
	ErrForbidden = errors.New("no account is this user's, or the mode of " + Path +
		" keeps it out; an administrator gives one with \"kchat-tui user set NAME --uid UID\"")
	ErrSessions = errors.New("this account has as many sessions as it may have; close some")
)

// Open opens the device for reading and writing.
func Open() (*os.File, error) {
	file, err := os.OpenFile(Path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return nil, ErrNoModule
	case errors.Is(err, unix.ECONNREFUSED):
		return nil, ErrNoServer
	case errors.Is(err, unix.EACCES):
		return nil, ErrForbidden
	case errors.Is(err, unix.EUSERS):
		return nil, ErrSessions
	case err != nil:
		return nil, fmt.Errorf("open the chat of this machine: %w", err)
	}
	return file, nil
}

// Join brings an open file into a room, and out of the one before. With history it reads first what a newcomer sees.
func Join(file *os.File, room string, history bool) error {
	if len(room) > wire.RoomNameMax {
		return fmt.Errorf("the name of a room has at most %d bytes", wire.RoomNameMax)
	}
	var request [joinLen]byte
	if history {
		binary.NativeEndian.PutUint32(request[:], backlog)
	}
	copy(request[4:], room)
	if err := control(file, iocJoin, unsafe.Pointer(&request)); err != nil {
		return fmt.Errorf("join %s: %w", room, err)
	}
	return nil
}

// Login is a session that can be resumed over TCP, within the server's time for a login.
type Login struct {
	Session uint64
	Account uint64
	Key     [wire.KeyLen]byte
	Name    string         // to log in with
	Addr    netip.AddrPort // where the server listens
}

// NewLogin asks for a session of the person whose the file is.
func NewLogin(file *os.File) (Login, error) {
	var answer [loginLen]byte
	if err := control(file, iocLogin, unsafe.Pointer(&answer)); err != nil {
		return Login{}, fmt.Errorf("ask for a session: %w", err)
	}
	l := Login{Session: binary.NativeEndian.Uint64(answer[:]), Account: binary.NativeEndian.Uint64(answer[8:])}
	at := 16 + copy(l.Key[:], answer[16:])
	l.Name = string(bytes.TrimRight(answer[at:at+wire.NameMax], "\x00"))
	at += wire.NameMax
	addr := netip.AddrFrom16([16]byte(answer[at : at+16])).Unmap()
	if addr.IsUnspecified() {
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1}) // it listens everywhere
	}
	l.Addr = netip.AddrPortFrom(addr, binary.NativeEndian.Uint16(answer[at+16:]))
	return l, nil
}

// Take opens the device, asks for a session of the person that this user is, and closes it again.
func Take(context.Context) (Login, error) {
	file, err := Open()
	if err != nil {
		return Login{}, err
	}
	login, err := NewLogin(file)
	return login, errors.Join(err, file.Close())
}

func control(file *os.File, request uintptr, arg unsafe.Pointer) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg))
	}); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}
