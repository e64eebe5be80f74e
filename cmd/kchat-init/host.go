// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/guest"
)

const (
	portPath = "/dev/vport0p1" // the one virtio serial port
	portWait = 10 * time.Second
	// hostWait is how long the port may say that nobody is at the other end: at boot it does so for a moment.
	hostWait = 5 * time.Second
)

func serveHost() error {
	port, err := openPort()
	if err != nil {
		return err
	}
	release, err := kernelRelease()
	if err != nil {
		return err
	}
	m := &machine{}
	server := guest.NewServer(port, m.handlers())
	m.server = server
	kmsg, err := os.Open("/dev/kmsg")
	if err != nil {
		return fmt.Errorf("open the kernel log: %w", err)
	}
	go followKernelLog(kmsg, server)
	if err := server.Event(guest.EventReady, guest.Ready{Release: release}); err != nil {
		return fmt.Errorf("report to the host: %w", err)
	}
	return server.Serve(&patientReader{from: port})
}

func openPort() (*os.File, error) {
	for deadline := time.Now().Add(portWait); ; time.Sleep(5 * time.Millisecond) {
		port, err := os.OpenFile(portPath, os.O_RDWR, 0)
		if err == nil {
			return port, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no way to speak to the host after %v: %w", portWait, err)
		}
	}
}

// patientReader takes an end of file as "nobody there yet": a virtio port reads so while the host is away.
type patientReader struct {
	from io.Reader
}

func (r *patientReader) Read(p []byte) (int, error) {
	for deadline := time.Now().Add(hostWait); ; time.Sleep(10 * time.Millisecond) {
		n, err := r.from.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) || time.Now().After(deadline) {
			return n, err
		}
	}
}

func kernelRelease() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("ask for the kernel's release: %w", err)
	}
	return unix.ByteSliceToString(name.Release[:]), nil
}
