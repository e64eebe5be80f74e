// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"kchat/server/vmtest"
)

// scripting is what docs/scripting.md says: the types of lines of each command, the fields of each type.
type scripting struct {
	commands map[string][]string
	fields   map[string][]string
}

var quoted = regexp.MustCompile("`([^`]+)`")

func inQuotes(text string) (all []string) {
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func readScripting(t *testing.T) scripting {
	t.Helper()
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "scripting.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := scripting{map[string][]string{}, map[string][]string{}}
	section := ""
	for line := range strings.Lines(string(text)) {
		if title, is := strings.CutPrefix(line, "### "); is {
			section = inQuotes(title)[0]
			s.fields[section] = []string{"type"}
			continue
		}
		cells := strings.SplitN(line, "|", 3)
		if len(cells) < 3 || !strings.Contains(cells[1], "`") {
			continue
		}
		if section == "" {
			s.commands[inQuotes(cells[1])[0]] = inQuotes(cells[2])
		} else {
			s.fields[section] = append(s.fields[section], inQuotes(cells[1])...)
		}
	}
	return s
}

// forPeople are the commands that no program calls for their output.
var forPeople = []string{"login", "help", "completion", "man"}

// forPrograms are the paths of all commands that a program may call.
func forPrograms(cmd *cobra.Command) (paths []string) {
	path := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()), " ")
	if slices.Contains(forPeople, strings.SplitN(path, " ", 2)[0]) {
		return nil
	}
	for _, sub := range cmd.Commands() {
		paths = append(paths, forPrograms(sub)...)
	}
	if cmd.Runnable() && path != "" {
		paths = append(paths, path)
	}
	return paths
}

func TestEveryCommandIsDocumentedForPrograms(t *testing.T) {
	documented := readScripting(t)
	root := rootCommand()
	all := forPrograms(root)
	for _, path := range all {
		cmd, _, err := root.Find(strings.Fields(path))
		if err != nil {
			t.Fatal(err)
		}
		if cmd.InheritedFlags().Lookup(jsonFlag) == nil {
			t.Errorf("%s has no --json", path)
		}
		if len(documented.commands[path]) == 0 {
			t.Errorf("docs/scripting.md does not say what %s prints", path)
		}
		for _, kind := range documented.commands[path] {
			if documented.fields[kind] == nil {
				t.Errorf("docs/scripting.md does not say what %s is", kind)
			}
		}
	}
	for path := range documented.commands {
		if !slices.Contains(all, path) {
			t.Errorf("docs/scripting.md tells of a command %s", path)
		}
	}
}

// scripts calls commands as a program does, and holds what they print to the document.
type scripts struct {
	*person
	t      *testing.T
	says   scripting
	called map[string]bool // and has printed something
}

// path is the command that arguments call.
func (s *scripts) path(args []string) string {
	cmd, _, err := rootCommand().Find(args)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// line checks a line of output.
func (s *scripts) line(path, text string) map[string]any {
	s.t.Helper()
	one := objects(s.t, text)[0]
	kind, _ := one["type"].(string)
	if !slices.Contains(s.says.commands[path], kind) {
		s.t.Errorf("%s prints a %q: %s", path, kind, text)
	}
	for field := range maps.Keys(one) {
		if !slices.Contains(s.says.fields[kind], field) {
			s.t.Errorf("%s: a %s has a field %s: %s", path, kind, field, text)
		}
	}
	s.called[path] = true
	return one
}

// does calls a command that must succeed.
func (s *scripts) does(args ...string) (lines []map[string]any) {
	s.t.Helper()
	out, errs, code := s.run(s.t, "", append(args, "--json")...)
	if code != 0 {
		s.t.Fatalf("%q: exit code %d, %s", args, code, errs)
	}
	for text := range strings.Lines(out) {
		lines = append(lines, s.line(s.path(args), text))
	}
	if len(lines) == 0 {
		s.t.Errorf("%q prints nothing", args)
	}
	return lines
}

// fails calls a command that must fail, with an error of this name and exit code.
func (s *scripts) fails(name string, number float64, code int, args ...string) {
	s.t.Helper()
	out, errs, got := s.run(s.t, "", append([]string{"--json"}, args...)...)
	if out != "" {
		s.t.Errorf("%q fails and prints %s", args, out)
	}
	lines := objects(s.t, errs)
	if len(lines) == 0 {
		s.t.Fatalf("%q says nothing", args)
	}
	last := lines[len(lines)-1]
	e, _ := last["error"].(map[string]any)
	if got != code || last["exit_code"] != float64(code) || e["name"] != name || e["number"] != number || e["message"] == "" {
		s.t.Errorf("%q: exit code %d, expected %d %s %v: %s", args, got, code, name, number, errs)
	}
	for field := range maps.Keys(e) {
		if !slices.Contains(s.says.fields["error"], field) {
			s.t.Errorf("an error has a field %s", field)
		}
	}
}

// follows calls a command that goes on. The next line of a type is waited for; stop interrupts the command.
func (s *scripts) follows(args ...string) (next func(kind string) map[string]any, stop func()) {
	s.t.Helper()
	path := s.path(args)
	cmd := exec.Command(os.Getenv(programEnv), append(args, "--json")...)
	cmd.Env, cmd.Stderr = s.env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			lines <- in.Text()
		}
	}()
	next = func(kind string) map[string]any {
		s.t.Helper()
		late := time.After(time.Minute)
		for {
			select {
			case text, more := <-lines:
				if !more {
					s.t.Fatalf("%s ended before a %s", path, kind)
				}
				if one := s.line(path, text); one["type"] == kind {
					return one
				}
			case <-late:
				s.t.Fatalf("%s prints no %s", path, kind)
			}
		}
	}
	stop = func() {
		s.t.Helper()
		_ = cmd.Process.Signal(syscall.SIGINT)
		for text := range lines {
			s.line(path, text)
		}
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("%s, interrupted: %v", path, err)
		}
	}
	return next, stop
}

// TestEveryCommandSpeaksToPrograms calls each command, most of them so that they succeed, and reads what they print.
func TestEveryCommandSpeaksToPrograms(t *testing.T) {
	s := &scripts{newPerson(t), t, readScripting(t), map[string]bool{}}
	port := freePort(t)
	at := []string{"--port", port}
	with := func(args ...string) []string { return append(args, at...) }
	s.does(with("server", "start")...)
	t.Cleanup(func() { _, _, _ = s.run(t, "", with("server", "stop")...) })
	if again := s.does(with("server", "start")...); again[0]["type"] != "status" {
		t.Errorf("of a server that runs: %v", again)
	}
	status := s.does(with("server", "status")...)[0]
	if status["mode"] != "vm" || status["counters"] == nil {
		t.Errorf("status: %v", status)
	}
	s.does(with("server", "logs")...)
	if log := s.does(with("server", "logs", "--kernel")...); log[0]["log"] != "kernel" || log[0]["line"] == nil {
		t.Errorf("log: %v", log[0])
	}

	// People.
	secret := filepath.Join(s.dir, "secret")
	if err := os.WriteFile(secret, []byte("the words of all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"Mina", "Jun", "Tick"} {
		done := s.does(with("user", "add", name, "--password-file", secret, "--bot="+map[bool]string{true: "true", false: "false"}[i == 2])...)
		if done[0]["name"] != name || done[0]["account"] != float64(i+1) || done[0]["command"] != "user add" {
			t.Errorf("user add: %v", done)
		}
	}
	s.does(with("user", "set", "jun", "--no-uid")...)
	s.does(with("user", "passwd", "jun", "--password-file", secret)...)
	if list := s.does(with("user", "list")...); len(list) != 3 || list[2]["bot"] != true || list[0]["account"] != 1.0 {
		t.Errorf("accounts: %v", list)
	}
	if invite := s.does(with("user", "invite", "--valid", "1h")...)[0]; invite["code"] == "" || !isMoment(invite["until"]) {
		t.Errorf("invite: %v", invite)
	}

	// Talk.
	me := func(name string, args ...string) []string {
		return append(args, "--server", "127.0.0.1:"+port, "--user", name, "--password-file", secret)
	}
	s.fails("ALONE", 46, exitAlone, me("mina", "send", "--room", "lobby", "hello")...)
	watched, unwatch := s.follows(with("admin", "watch")...)
	heard, leave := s.follows(me("jun", "tail", "--room", "lobby")...)
	heard("live")
	sent := s.does(me("mina", "send", "--room", "lobby", "hello")...)[0]
	if m := heard("message"); m["id"] != sent["id"] || m["seq"] != sent["seq"] || m["time"] != sent["time"] || !isMoment(m["time"]) {
		t.Errorf("sent %v, heard %v", sent, m)
	}
	if e := watched("event"); !isMoment(e["time"]) {
		t.Errorf("event: %v", e)
	}
	met, part := s.follows(me("tick", "partner", "--room", "practice")...)
	met("live")

	// The operator.
	if list := s.does(with("admin", "rooms")...); list[0]["room"] == nil || list[0]["kept"] != false {
		t.Errorf("rooms: %v", list)
	}
	if list := s.does(with("admin", "sessions")...); !isMoment(list[0]["since"]) || list[0]["state"] != "present" {
		t.Errorf("sessions: %v", list)
	}
	s.does(with("admin", "set", "rooms")...)
	if set := s.does(with("admin", "set", "rooms", "100")...)[0]; set["limit"] != "rooms" || set["value"] != 100.0 {
		t.Errorf("set: %v", set)
	}
	s.does(with("admin", "stats")...)
	s.does(with("admin", "mute", "lobby", "jun")...)
	s.does(with("admin", "ban", "lobby", "mina", "--for", "1h", "--reason", "enough")...)
	for _, b := range s.does(with("admin", "bans")...) {
		if (b["name"] == "Mina") != (b["banned"] == true && isMoment(b["banned_until"])) {
			t.Errorf("ban: %v", b)
		}
	}
	s.fails("BANNED", 48, exitRefused, me("mina", "send", "--room", "lobby", "hello")...)
	s.does(with("admin", "kick", "tick")...)
	part()
	leave()
	unwatch()

	exported, unexport := s.follows(with("admin", "export", "--listen", "127.0.0.1:0")...)
	where := exported("listening")["address"].(string)
	if text := fetch(t, where+"/metrics"); !strings.Contains(text, "\nkchat_up 1\n") || !strings.Contains(text, "\nkchat_accounts 3\n") {
		t.Errorf("the metrics are\n%s", text)
	}
	if text := fetch(t, where+"/healthz"); text != "ok\n" {
		t.Errorf("health: %s", text)
	}
	unexport()

	// What is kept.
	s.does("history", "list", "--user", "jun")
	if m := s.does("history", "show", "lobby", "--user", "jun")[0]; m["id"] != sent["id"] || !isMoment(m["time"]) {
		t.Errorf("kept: %v", m)
	}
	s.does("history", "search", "hello", "--user", "jun")
	file := filepath.Join(s.dir, "talk.jsonl")
	s.does("history", "export", "lobby", file, "--user", "jun")
	if done := s.does("history", "import", file, "--user", "jun")[0]; done["messages"] != 1.0 || done["new"] != 0.0 {
		t.Errorf("import: %v", done)
	}

	// The machine.
	// Whose server has the port that is asked is as it comes; there may be none.
	for line := range strings.Lines(first(s.run(t, "", "discover", "127.0.0.1", "--wait", "2s", "--json"))) {
		s.line("discover", line)
	}
	for line := range strings.Lines(first(s.run(t, "", with("doctor", "--json")...))) {
		s.line("doctor", line)
	}
	s.does(with("server", "restart")...)
	s.does(with("user", "del", "tick")...)
	s.fails("FAILED", 0, 1, with("user", "del", "tick")...)
	s.fails("FAILED", 0, 1, with("server", "run")...)
	s.fails("FAILED", 0, 1, with("server", "ether", "on", "lo")...)
	s.fails("FAILED", 0, 1, with("server", "peer", "add", "attic", "127.0.0.1:1")...)
	s.fails("FAILED", 0, 1, with("server", "peer", "del", "attic")...)
	s.fails("FAILED", 0, 1, with("admin", "drain", "attic")...)
	s.fails("FAILED", 0, 1, with("admin", "unregister", "lobby")...)
	s.fails("AUTH", 10, exitLogin, "send", "--server", "127.0.0.1:"+port, "--user", "nobody", "--password-file", secret, "--room", "lobby", "hello")
	s.fails("USAGE", 0, exitUsage, "send", "--no-such-flag")
	s.fails("USAGE", 0, exitUsage, "login")
	s.does(with("server", "stop")...)
	s.fails("NO_SERVER", 0, exitNoServer, me("mina", "send", "--room", "lobby", "hello")...)

	// These print nothing here, or are refused: one server runs already, a microVM has no interfaces, and it takes two
	// servers to have peers.
	elsewhere := []string{
		"server run", "discover", "server ether on", "server ether off", "server ether list", "server peer add", "server peer del", "server peer list", "bot",
		"admin drain", "admin unregister",
	}
	for _, path := range forPrograms(rootCommand()) {
		if !s.called[path] && !slices.Contains(elsewhere, path) {
			t.Errorf("%s was not called", path)
		}
	}
}

// fetch is what stands at an address.
func fetch(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func first(out, _ string, _ int) string { return out }

// isMoment reports whether a field is a time as RFC 3339 has it, in UTC.
func isMoment(field any) bool {
	text, _ := field.(string)
	_, err := time.Parse(time.RFC3339, text)
	return err == nil && strings.HasSuffix(text, "Z")
}
