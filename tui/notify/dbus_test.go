// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"kchat/tui/notify/desktest"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestADesktopShowsTheLastNoteAndTakesItBack(t *testing.T) {
	address := desktest.Bus(t)
	d := &desktest.Desk{Can: []string{"body", "body-markup"}}
	d.Begin(t, address)
	desktop := NewDesktop(address)
	defer desktop.Close()
	for _, n := range []Note{{"Anna", "hello"}, {"Anna", "<b>1 & 2</b>\x1b[2J"}} {
		if err := desktop.Show(within(t), n); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.All(); len(got) != 1 || got[0] != "Anna|&lt;b&gt;1 &amp; 2&lt;/b&gt;\u241b[2J" {
		t.Errorf("%q are shown", got)
	}
	if err := desktop.Withdraw(within(t)); err != nil {
		t.Fatal(err)
	}
	if got := d.All(); len(got) != 0 {
		t.Errorf("%q are still shown", got)
	}
}

func TestADesktopWithoutMarkupGetsTheWordsAsTheyAre(t *testing.T) {
	address := desktest.Bus(t)
	d := &desktest.Desk{Can: []string{"body"}}
	d.Begin(t, address)
	desktop := NewDesktop(address)
	defer desktop.Close()
	if err := desktop.Show(within(t), Note{"Anna", "1 < 2"}); err != nil {
		t.Fatal(err)
	}
	if got := d.All(); len(got) != 1 || got[0] != "Anna|1 < 2" {
		t.Errorf("%q are shown", got)
	}
}

func TestNobodyOnTheBusIsSaid(t *testing.T) {
	desktop := NewDesktop(desktest.Bus(t))
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
	case <-time.After(2 * time.Minute):
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
