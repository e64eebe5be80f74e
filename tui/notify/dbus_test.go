// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus is a real session bus, for the test alone.
func bus(t *testing.T) (address string) {
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

// desk is a desktop that shows notifications on a bus. Its methods are those of the specification.
type desk struct {
	mu     sync.Mutex
	can    []string
	shown  map[uint32]string
	number uint32
}

// GetCapabilities is called over the bus.
func (d *desk) GetCapabilities() ([]string, *dbus.Error) { return d.can, nil }

// Notify is called over the bus.
func (d *desk) Notify(_ string, replaces uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
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
func (d *desk) CloseNotification(number uint32) *dbus.Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.shown, number)
	return nil
}

func (d *desk) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, n := range d.shown {
		out = append(out, n)
	}
	return out
}

// begin comes onto the bus and shows what is asked of it.
func (d *desk) begin(t *testing.T, address string) {
	t.Helper()
	d.shown = map[uint32]string{}
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Export(d, objectAt, service); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestADesktopShowsTheLastNoteAndTakesItBack(t *testing.T) {
	address := bus(t)
	d := &desk{can: []string{"body", "body-markup"}}
	d.begin(t, address)
	desktop := NewDesktop(address)
	defer desktop.Close()
	for _, n := range []Note{{"Anna", "hello"}, {"Anna", "<b>1 & 2</b>\x1b[2J"}} {
		if err := desktop.Show(within(t), n); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.all(); len(got) != 1 || got[0] != "Anna|&lt;b&gt;1 &amp; 2&lt;/b&gt;\u241b[2J" {
		t.Errorf("%q are shown", got)
	}
	if err := desktop.Withdraw(within(t)); err != nil {
		t.Fatal(err)
	}
	if got := d.all(); len(got) != 0 {
		t.Errorf("%q are still shown", got)
	}
}

func TestADesktopWithoutMarkupGetsTheWordsAsTheyAre(t *testing.T) {
	address := bus(t)
	d := &desk{can: []string{"body"}}
	d.begin(t, address)
	desktop := NewDesktop(address)
	defer desktop.Close()
	if err := desktop.Show(within(t), Note{"Anna", "1 < 2"}); err != nil {
		t.Fatal(err)
	}
	if got := d.all(); len(got) != 1 || got[0] != "Anna|1 < 2" {
		t.Errorf("%q are shown", got)
	}
}

func TestNobodyOnTheBusIsSaid(t *testing.T) {
	desktop := NewDesktop(bus(t))
	defer desktop.Close()
	if err := desktop.Show(within(t), Note{Title: "Anna"}); !errors.Is(err, ErrNoDesktop) {
		t.Errorf("shown to nobody: %v", err)
	}
}

func TestNoBusIsSaid(t *testing.T) {
	desktop := NewDesktop("unix:path=" + t.TempDir() + "/none")
	defer desktop.Close()
	if err := desktop.Show(within(t), Note{Title: "Anna"}); !errors.Is(err, ErrNoDesktop) {
		t.Errorf("shown on no bus: %v", err)
	}
}

// A bus that takes the connection and says nothing holds nobody up for longer than was allowed.
func TestASilentBusIsGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silent")
	quiet := silence(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	desktop := NewDesktop("unix:path=" + path)
	defer desktop.Close()
	ended := make(chan error, 1)
	go func() { ended <- desktop.Show(ctx, Note{Title: "Anna"}) }()
	<-quiet
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrNoDesktop) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits on")
	}
}

// silence listens at a path and answers nothing. The channel is closed when somebody has come.
func silence(t *testing.T, path string) <-chan struct{} {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	came := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
		close(came)
	}()
	return came
}
