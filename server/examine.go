// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"kchat/server/vm"
)

// Check is one thing that a server or client needs.
type Check struct {
	What     string
	Found    string // what was found, or what is wrong
	Do       string // what to do if it is not ok
	OK       bool
	Optional bool // it is fine without
}

// Examine looks at everything a server on this machine needs, and whether one runs at the port.
func Examine(ctx context.Context, p Paths, port uint16) []Check {
	return []Check{examineQEMU(), examineParts(), examineAccel(), examineAccounts(p), examineServer(ctx, p, port)}
}

func examineQEMU() Check {
	c := Check{What: "QEMU", Do: "install the package qemu-system-x86, or run \"make setup\""}
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		c.Found = "not found"
		return c
	}
	c.OK, c.Found = true, path
	return c
}

func examineParts() Check {
	c := Check{What: "microVM", Do: "run \"make build\""}
	parts, err := FindParts()
	if err == nil {
		err = parts.Check()
	}
	if err != nil {
		c.Found = err.Error()
		return c
	}
	c.OK, c.Found = true, "kernel "+parts.Release+", module "+parts.Module
	return c
}

func examineAccel() Check {
	accel := vm.Accelerator()
	return Check{
		What: "acceleration", OK: accel == "kvm", Optional: true, Found: accel,
		Do: "emulation works everywhere; with hardware virtualisation the server starts faster",
	}
}

func examineAccounts(p Paths) Check {
	c := Check{What: "accounts", Do: "see the message"}
	path := p.ownAccounts()
	s, err := readSettings(p)
	shared := err == nil && s.Accounts != ""
	if shared {
		path = s.Accounts
	}
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(path)
	}
	switch {
	case errors.Is(err, os.ErrNotExist) && !shared:
		c.OK, c.Found = true, "none yet; the first start makes "+path
	case err != nil:
		c.Found = err.Error()
	case info.Mode().Perm()&0o077 != 0:
		c.Found, c.Do = path+" can be read by others", "chmod 600 "+path
	default:
		c.OK, c.Found = true, path
	}
	return c
}

func examineServer(ctx context.Context, p Paths, port uint16) Check {
	c := Check{What: "server", Optional: true, Do: "kchat-tui server start"}
	status, err := GetStatus(ctx, p)
	if err != nil {
		c.Found = fmt.Sprintf("port %d: %v", port, err)
		return c
	}
	c.OK, c.Found = true, fmt.Sprintf("%s at %s", status.Name, status.Listen)
	return c
}
