// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

// crowd: a thousand files are open at once, and each reads; then the server stops under all of them.
func crowd(p *place) error {
	const files = 1000
	for name, value := range map[string]uint64{"sessions": files, "files": files + 1} {
		if err := p.kernel.SetParam(context.Background(), name, value); err != nil {
			return err
		}
	}
	limit := unix.Rlimit{Cur: 2 * files, Max: 1 << 20}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	c, r, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	all := make([]*os.File, files)
	for i := range all {
		if all[i], err = p.open(kim, unix.O_RDWR); err != nil {
			return fmt.Errorf("file %d: %w", i, err)
		}
		if err := becomes(all[i], unix.POLLOUT); err != nil {
			return fmt.Errorf("file %d: %w", i, err)
		}
	}
	_, err = p.open(kim, unix.O_RDWR)
	if err := errno("one session too many", err, unix.EUSERS); err != nil {
		return err
	}
	if _, err := p.open(lee, unix.O_WRONLY); err != nil {
		return err
	}
	_, err = p.open(lee, unix.O_RDWR)
	if err := errno("one file too many", err, unix.ENFILE); err != nil {
		return err
	}
	if err := c.Say(r.Number, peer.NewID(), "to all of you"); err != nil {
		return err
	}
	for i, f := range all {
		if err := line(f, "tess: to all of you\n"); err != nil {
			return fmt.Errorf("file %d: %w", i, err)
		}
	}
	if err := p.kernel.Stop(context.Background()); err != nil {
		return err
	}
	for i, f := range all {
		if err := over(f); err != nil {
			return fmt.Errorf("file %d: %w", i, err)
		}
	}
	return nil
}

// scribbler is the word by which this program is the one that gets killed.
const scribbler = "scribble"

// scribble writes as much as a message holds until it is killed.
func scribble() error {
	f, err := device.Open()
	if err != nil {
		return err
	}
	for {
		if _, err := unix.Write(raw(f), []byte(longText(wire.TextMax))); err != nil {
			return err
		}
	}
}

// killed: programs are killed while they write. What was said is whole, and they leave.
func killed(p *place) error {
	c, r, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	for i := range 20 {
		cmd := exec.Command("/proc/self/exe", scribbler) // of this thread's network namespace
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: kim}, Pdeathsig: syscall.SIGKILL}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start a writer: %w", err)
		}
		whole := func(f peer.Frame) error {
			talk, err := wire.ParseTalk(f.Body)
			if err == nil && string(talk.Text) != longText(wire.TextMax) {
				err = fmt.Errorf("a message of %d bytes: %.20q", len(talk.Text), talk.Text)
			}
			return err
		}
		for range i + 1 {
			f, err := c.Find(limit, func(f peer.Frame) bool { return f.Type == wire.TypeMsg })
			if err == nil {
				err = whole(f)
			}
			if err != nil {
				return fmt.Errorf("writer %d: %w", i, err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			return err
		}
		if _, err := c.Presence(limit, r.Number, kimNumber, wire.PersonLeft); err != nil {
			return fmt.Errorf("writer %d: %w", i, err)
		}
		if err := cmd.Wait(); !strings.Contains(fmt.Sprint(err), "killed") {
			return fmt.Errorf("writer %d ended by itself: %w", i, err)
		}
		for _, f := range c.Passed() {
			if f.Type != wire.TypeMsg {
				continue
			}
			if err := whole(f); err != nil {
				return fmt.Errorf("writer %d: %w", i, err)
			}
		}
		c.Drop(func(peer.Frame) bool { return true })
	}
	return nil
}
