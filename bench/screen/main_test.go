// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

// Package screen measures the client as one feels it: how soon it is there, how it scrolls, how fast a key is on the
// screen while others talk, and how much memory it takes: `make bench-screen`.
//
// The real program runs under a pseudo-terminal; a key is there when the emulator shows it. The server is the twin
// (bench/twin), so that what is measured is the client. docs/client-speed.md has what came of it.
package screen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/bench/twin/twintest"
	"kchat/rooms"
	"kchat/server/accounts"
	"kchat/tui/screentest"
)

const (
	password = twintest.Password
	room     = "room-0" // in which there is most
)

// community is that of the twin, and of the history that was made for it.
var community = rooms.UUID{0x5c, 0x12, 0xee}

// bin has kchat-twin and kchat-tui.
var bin twintest.Programs

func TestMain(m *testing.M) { os.Exit(twintest.Run(m, &bin, twintest.Twin(), twintest.Client())) }

// twin runs a server with the accounts anna (1) and ben (2) until the test ends, and gives its address.
func twin(t *testing.T) string {
	t.Helper()
	return bin.Start(t, twintest.Accounts(t, "twin", accounts.UUID(community), "anna", "ben"))
}

// home is a new set of folders of anna's, with the settings that lead her to a server.
func home(t *testing.T, address string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kchat-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	words := filepath.Join(dir, "words")
	settings := fmt.Sprintf("server = %q\nuser = \"anna\"\npassword_file = %q\n", address, words)
	must(t, os.MkdirAll(filepath.Join(dir, "config", "kchat"), 0o700))
	must(t, os.WriteFile(words, []byte(password+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "config", "kchat", "config.toml"), []byte(settings), 0o600))
	return dir
}

// environment is that of the folders in dir.
func environment(dir string) []string {
	at := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TERM=xterm-256color", "COLORTERM=truecolor", "LC_ALL=C.UTF-8", "TZ=UTC",
		"XDG_DATA_HOME=" + at("data"), "XDG_STATE_HOME=" + at("state"), "XDG_RUNTIME_DIR=" + at("run"), "XDG_CONFIG_HOME=" + at("config"),
	}
}

// chat opens the chat for anna, in a room.
func chat(t *testing.T, dir string) *screentest.Program {
	t.Helper()
	cmd := exec.Command(bin.Path("kchat-tui"), "login", "--room", room)
	cmd.Dir, cmd.Env = dir, environment(dir)
	return screentest.Start(t, "anna", cmd, 120, 40, atOnce)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// resident is the memory that a process has in RAM, in MiB.
func resident(t *testing.T, pid int) float64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); words[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(words[1], 64)
			must(t, err)
			return kib / 1024
		}
	}
	t.Fatalf("no VmRSS of %d", pid)
	return 0
}

// worked is the processor time that a process has taken so far.
func worked(t *testing.T, pid int) time.Duration {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	must(t, err)
	_, rest, _ := strings.Cut(string(data), ") ")
	words := strings.Fields(rest) // from field 3 on (proc(5))
	var ticks int64
	for _, word := range words[11:13] {
		n, err := strconv.ParseInt(word, 10, 64)
		must(t, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// told prints a figure beside what was aimed at.
func told(t *testing.T, what, format string, args ...any) {
	t.Helper()
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}
