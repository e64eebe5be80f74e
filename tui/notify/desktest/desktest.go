// SPDX-License-Identifier: GPL-2.0-only

// Package desktest is a desktop for tests: a session bus, and a server of notifications on it.
package desktest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// The names of the specification (Desktop Notifications Specification 1.2).
const (
	service    = "org.freedesktop.Notifications"
	objectPath = dbus.ObjectPath("/org/freedesktop/Notifications")
)

// Bus is a real session bus, for the test alone.
func Bus(t testing.TB) (address string) {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "bus.conf")
	words := fmt.Sprintf(`<busconfig><type>session</type><listen>unix:path=%s/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`, dir)
	if err := os.WriteFile(conf, []byte(words), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dbus-daemon", "--config-file="+conf, "--nofork", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err, "(scripts/setup test installs it)")
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has nothing to save
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the bus does not begin: ", err)
	}
	return strings.TrimSpace(line)
}

// Desk is a desktop that shows notifications on a bus. Its methods for the bus are those of the specification.
type Desk struct {
	mu     sync.Mutex
	Can    []string // its capabilities
	shown  map[uint32]string
	number uint32
}

// GetCapabilities is called over the bus.
func (d *Desk) GetCapabilities() ([]string, *dbus.Error) { return d.Can, nil }

// Notify is called over the bus.
func (d *Desk) Notify(_ string, replaces uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if replaces == 0 {
		d.number++
		replaces = d.number
	}
	d.shown[replaces] = title + "|" + body
	return replaces, nil
}

// CloseNotification is called over the bus.
func (d *Desk) CloseNotification(number uint32) *dbus.Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.shown, number)
	return nil
}

// All are the notes that are shown, as TITLE|BODY.
func (d *Desk) All() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, n := range d.shown {
		out = append(out, n)
	}
	return out
}

// Begin comes onto the bus and shows what is asked of it.
func (d *Desk) Begin(t testing.TB, address string) {
	t.Helper()
	d.shown = map[uint32]string{}
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Export(d, objectPath, service); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
}
