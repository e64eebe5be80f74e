// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestAFileFromScreenToScreen: two people, the module between them, and a file that one is asked about.
func TestAFileFromScreenToScreen(t *testing.T) {
	mina, joon := newPerson(t), newPerson(t)
	port := mina.startServer(t)
	mina.configure(t, "127.0.0.1:"+port, "mina", mina.account(t, port, "mina"))
	joon.configure(t, "127.0.0.1:"+port, "joon", mina.account(t, port, "joon"))
	settings := filepath.Join(joon.dir, "config", "kchat", "config.toml")
	f, err := os.OpenFile(settings, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("ask_above = \"1 MiB\"\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(large) // never fails
	path := filepath.Join(mina.dir, "large.bin")
	if err := os.WriteFile(path, large, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mina.dir, "small.txt"), []byte("a few words"), 0o600); err != nil {
		t.Fatal(err)
	}
	terminals := newScreens(t)
	a, b := terminals.open(mina, "mina", "login"), terminals.open(joon, "joon", "login")
	a.shows("2 here")
	b.shows("2 here")

	a.say("/send-file " + filepath.Join(mina.dir, "small.txt"))
	b.shows("small.txt · 11 B · text/plain", "saved as ", "downloads/small.txt")
	is(t, filepath.Join(joon.dir, "downloads", "small.txt"), []byte("a few words"))

	a.say("/send-file " + path)
	b.shows("mina sends large.bin, 3.0 MiB: /accept takes it")
	if _, err := os.Stat(filepath.Join(joon.dir, "downloads", "large.bin")); err == nil {
		t.Error("it was taken unasked")
	}
	b.say("/accept")
	b.shows("downloads/large.bin")
	is(t, filepath.Join(joon.dir, "downloads", "large.bin"), large)

	b.say("/gallery")
	b.shows("Pictures and files of #lobby", "large.bin", "small.txt")
}

// is compares a file with what it should be; nobody may run it.
func is(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes of %d, %v", path, len(got), len(want), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o111 != 0 {
		t.Errorf("%s: %v, %v", path, info.Mode(), err)
	}
}
