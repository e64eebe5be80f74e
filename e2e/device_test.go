// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/accounts"
	"kchat/server/vmtest"
	"kchat/wire"
)

const guestdev = "/bin/guestdev"

// TestDevice: /dev/kchat is used inside of the machine, by several users and in several network namespaces.
func TestDevice(t *testing.T) {
	path := build(t, "./guestdev")
	s := vmtest.Start(t, vmtest.WithFile(guestdev, path))
	for _, test := range []string{
		"talk", "lines", "wrong", "alone", "deaf", "strange", "rooms", "lag", "poll", "small", "thousand", "limits", "kicked", "stopped",
		"dying", "two", "busy", "login", "ruled", "removed", "closed", "unread",
		"crowd", "killed",
	} {
		t.Run(test, func(t *testing.T) {
			ctx, cancel := s.Timeout(2 * time.Minute)
			defer cancel()
			if out, err := s.Exec(ctx, guestdev, test); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestEchoAndCat: the programs that everybody has are enough to chat, beside somebody who came over TCP.
func TestEchoAndCat(t *testing.T) {
	s := vmtest.Start(t, vmtest.WithPrograms(t, "sh", "cat", "timeout"))
	s.AddUser(t, "tess", "tess's own")
	kim := s.AddUser(t, "kim", "kim's own")
	if err := s.Runner.Accounts().Update(func(d *accounts.Data) error {
		root := uint32(0)
		return d.SetUID(d.FindNumber(kim), &root)
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	if err := s.Runner.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Exec(ctx, "/bin/sh", "-c", "echo hello >/dev/kchat"); err == nil {
		t.Errorf("echo to nobody: %q", out)
	}

	tess, err := peer.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer tess.Close()
	if err := tess.Hello(); err != nil {
		t.Fatal(err)
	}
	if err := tess.Login("tess", "tess's own"); err != nil {
		t.Fatal(err)
	}
	tess.KeepAlive(time.Second)
	r, err := tess.Join(wire.Join{Name: "#local"})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Exec(ctx, "/bin/sh", "-c", "echo hello >/dev/kchat"); err != nil {
		t.Fatalf("echo: %v, %q", err, out)
	}
	f, err := tess.Find(peer.Limit, func(f peer.Frame) bool { return f.Type == wire.TypeMsg })
	if err != nil {
		t.Fatal(err)
	}
	if talk, err := wire.ParseTalk(f.Body); err != nil || string(talk.Text) != "hello" || f.Sender != kim {
		t.Errorf("%d says %q, %v", f.Sender, talk.Text, err)
	}

	if _, err := tess.Presence(peer.Limit, r.Number, kim, wire.PersonLeft); err != nil {
		t.Fatal(err)
	}
	tess.Drop(func(peer.Frame) bool { return true }) // what echo has left behind
	heard := make(chan string, 1)
	go func() {
		out, err := s.Exec(ctx, "/bin/sh", "-c", "timeout 5 cat /dev/kchat; true") // ended by its time
		if err != nil {
			out = err.Error()
		}
		heard <- out
	}()
	if _, err := tess.Presence(peer.Limit, r.Number, kim, wire.PersonPresent); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := tess.Say(r.Number, peer.NewID(), text); err != nil {
			t.Fatal(err)
		}
	}
	if out := <-heard; !strings.HasPrefix(out, "tess: one\ntess: two\n") {
		t.Errorf("cat has read %q", out)
	}
}

// TestUnloadWhileOpen: the module does not go while a program has the file open, and goes when it has not.
func TestUnloadWhileOpen(t *testing.T) {
	path := build(t, "./guestdev")
	s := vmtest.Start(t, vmtest.WithFile(guestdev, path))
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	if out, err := s.Exec(ctx, guestdev, "unload"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
