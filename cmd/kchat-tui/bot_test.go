// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kchat/server/vmtest"
)

// TestTheExamplesOfBotsAnswer lets both examples talk to a real server.
func TestTheExamplesOfBotsAnswer(t *testing.T) {
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	s := &scripts{newPerson(t), t, readScripting(t), map[string]bool{}}
	port := s.startServer(t)
	s.env = append(s.env, "KCHAT_SERVER=127.0.0.1:"+port)
	mina := s.account(t, port, "Mina")
	echo := s.account(t, port, "Echo")
	socket := filepath.Join(s.dir, "run", "kchat", "bot-echo.sock")
	built := filepath.Join(s.dir, "echo")
	build := exec.Command("go", "build", "-o", built, "./examples/echo")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}

	heard, leave := s.follows("tail", "--room", "lobby", "--user", "Mina", "--password-file", mina)
	defer leave()
	heard("live")
	for _, example := range [][]string{{built}, {"python3", filepath.Join(root, "examples", "echo.py")}} {
		next, stop := s.follows("bot", "--room", "lobby", "--user", "Echo", "--password-file", echo)
		if l := next("listening"); l["address"] != socket {
			t.Fatalf("listening: %v", l)
		}
		info, err := os.Stat(socket)
		if err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Fatalf("the socket: %v, %v", info, err)
		}
		if _, stderr, code := s.run(t, "", "bot", "--room", "lobby", "--user", "Echo", "--password-file", echo); code != exitUsage ||
			!strings.Contains(stderr, "another program listens") {
			t.Errorf("a second one: exit code %d, %s", code, stderr)
		}
		program := exec.Command(example[0], append(example[1:], socket)...)
		program.Stderr = os.Stderr
		out, err := program.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "echo: listening\n" {
			t.Fatalf("%s says %q, %v", example[0], line, err)
		}
		asks := s.does("send", "--room", "lobby", "--wait=60s", "--user", "Mina", "--password-file", mina, "!echo 메아리 \"quoted\"")[0]
		for m := heard("message"); ; m = heard("message") {
			if m["name"] == "Echo" {
				if m["text"] != "메아리 \"quoted\"" || m["reply_to"] != asks["id"] {
					t.Errorf("%s answers %v", example[0], m)
				}
				break
			}
		}
		stop()
		if err := program.Wait(); err != nil {
			t.Errorf("%s ends with %v", example[0], err)
		}
		if _, err := os.Stat(socket); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is left behind: %v", err)
		}
	}
}

func TestASocketThatWasLeftBehindIsTakenAndNothingElseIs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "within", "s")
	first, err := listenAlone(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenAlone(t.Context(), path); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "another program listens") {
		t.Errorf("of one that is in use: %v", err)
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := listenAlone(t.Context(), path)
	if err != nil {
		t.Fatalf("of one that was left behind: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "words")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenAlone(t.Context(), file); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("of a file: %v", err)
	}
	if words, err := os.ReadFile(file); string(words) != "mine" {
		t.Errorf("the file has %q, %v", words, err)
	}
}
