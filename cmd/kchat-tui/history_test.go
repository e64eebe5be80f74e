// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
)

// savedTalk makes the history of a name where the commands look for it.
func savedTalk(t *testing.T, user string, messages ...rooms.Message) {
	t.Helper()
	path, err := history.DefaultPath(user)
	if err != nil {
		t.Fatal(err)
	}
	store, err := history.Open(context.Background(), path, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Save(context.Background(), messages...); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func saidIn(room string, n byte, text string) rooms.Message {
	return rooms.Message{
		Community: rooms.UUID{0xab}, Room: room, ID: rooms.MessageID{n}, Pos: rooms.Position{Epoch: 1, Seq: uint64(n)},
		Time: time.Date(2026, 11, 21, 12, 0, int(n), 0, time.Local), Sender: 2, Name: "bob", Kind: rooms.KindText, Text: text,
	}
}

// runHistory runs the command as the shell would, and returns what it printed and its exit code.
func runHistory(args ...string) (out, errs string, code int) {
	var stdout, stderr bytes.Buffer
	cmd := rootCommand()
	cmd.SetArgs(append([]string{"history"}, args...))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	err := cmd.ExecuteContext(context.Background())
	if err != nil {
		stderr.WriteString(err.Error())
	}
	return stdout.String(), stderr.String(), exitCode(err)
}

func TestHistoryCommands(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("KCHAT_USER", "")
	if _, errs, code := runHistory("list"); code != 1 || !strings.Contains(errs, "no history here yet") {
		t.Errorf("without a history: %d, %s", code, errs)
	}
	savedTalk(t, "ann", saidIn("lobby", 1, "점심 회의"), saidIn("lobby", 2, "two\nlines"), saidIn("kernel", 1, "\x1b[31mred"))
	file := filepath.Join(t.TempDir(), "talk.md")
	for _, tc := range []struct {
		args, out, errs string
		code            int
	}{
		{"list", "lobby   2         2026-11-21 12:00  2026-11-21 12:00  ab000000-0000-0000-0000-000000000000", "", 0},
		{"show lobby -n 1", "12:00:02  bob: two\n          lines\n", "", 0},
		{"show #LOBBY", "12:00:01  bob: 점심 회의\n", "", 0},
		{"show lobby --since 2026-11-21T12:00:02", "12:00:02  bob: two", "", 0},
		{"show lobby --json -n 1", `"kind":"message","text":"two\nlines"`, "", 0},
		{"show kernel", "bob: \uFFFD[31mred\n", "", 0},
		{"show cellar", "", `there is no room "cellar"`, 1},
		{"show lobby --since someday", "", `--since: "someday" is no date`, 2},
		{"search 회의", "2026-11-21 12:00  #lobby  bob: 점심 회의\n", "", 0},
		{"search from:bob -n 1", "#lobby  bob: two lines\n", "there are more: -n 10", 0},
		{"search has:cake", "", "has: knows image", 2},
		{"search --json red", `"text":"\u001b[31mred"`, "", 0},
		{"export lobby " + file, "", "2 messages written", 0},
		{"export lobby " + file, "", "--force replaces it", 1},
		{"export --all --force " + file, "", "3 messages written", 0},
		{"export " + file, "", "name the rooms, or say --all", 2},
		{"import --user ann " + file, "", "3 messages read, 0 of them new", 0},
		{"show", "", "accepts 1 arg", 2},
		{"show lobby --nonsense", "", "unknown flag", 2},
		{"list --user carol", "", "there is no history at", 1},
	} {
		out, errs, code := runHistory(strings.Fields(tc.args)...)
		if code != tc.code || !strings.Contains(out, tc.out) || !strings.Contains(errs, tc.errs) {
			t.Errorf("history %s: exit code %d\n%s\n%s", tc.args, code, out, errs)
		}
	}
	savedTalk(t, "bob", saidIn("lobby", 1, "x"))
	if _, errs, code := runHistory("list"); code != 2 || !strings.Contains(errs, "whose history? --user ann or --user bob") {
		t.Errorf("with two histories: %d, %s", code, errs)
	}
	other := saidIn("lobby", 9, "elsewhere")
	other.Community = rooms.UUID{0xcd}
	savedTalk(t, "ann", other)
	if _, errs, code := runHistory("show", "lobby", "--user", "ann"); code != 2 || !strings.Contains(errs, "--community cd000000") {
		t.Errorf("with two communities: %d, %s", code, errs)
	}
	if out, _, _ := runHistory("show", "lobby", "--user", "ann", "--community", "cd"); !strings.Contains(out, "elsewhere") {
		t.Errorf("one of two communities:\n%s", out)
	}
}

func TestHistoryCommandsSayWhenTheHistoryWasDamaged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("no database", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := runHistory("list", "--file", file); code != 1 || !strings.Contains(errs, file+".corrupt-") {
		t.Errorf("%d, %s", code, errs)
	}
}
