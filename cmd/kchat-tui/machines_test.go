// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kchat/server"
	"kchat/server/vmtest"
)

// host is a network of its own: a namespace with nothing in it but its end of a cable.
type host struct {
	pid  int      // of a process that holds the namespace
	into []string // the command that runs another one there
}

// The addresses of the two machines on their cable.
const (
	serverAddress = "10.106.0.1"
	otherAddress  = "10.106.0.2"
	addressBits   = "/24"
)

// newMachine makes a namespace, inside that of another machine if there is one. Who is not root becomes root of a
// namespace of users first, which some systems forbid.
func newMachine(t *testing.T, inside *host) *host {
	t.Helper()
	hold := []string{"unshare", "--net"}
	into := []string{"--net"}
	if os.Geteuid() != 0 {
		if inside == nil {
			hold = append(hold, "--user", "--map-root-user")
		}
		into = append(into, "--user", "--preserve-credentials")
	}
	if inside != nil {
		hold = append(slices.Clone(inside.into), hold...)
	}
	holder := exec.Command(hold[0], append(hold[1:], "sh", "-c", "ip link set lo up && echo there && exec cat")...)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	holder.Stderr = os.Stderr
	holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = holder.Wait()
	})
	if _, err := fmt.Fscanln(stdout, new(string)); err != nil {
		hint := ""
		if os.Geteuid() != 0 {
			hint = " (this system may not give namespaces to users who are not root: see kernel.unprivileged_userns_clone and " +
				"kernel.apparmor_restrict_unprivileged_userns in sysctl, or run the tests as root)"
		}
		t.Fatalf("make a network namespace: %v%s", err, hint)
	}
	return &host{holder.Process.Pid, append([]string{"nsenter", "-t", strconv.Itoa(holder.Process.Pid)}, into...)}
}

// does runs a command on the machine.
func (m *host) does(t *testing.T, args ...string) {
	t.Helper()
	line := append(slices.Clone(m.into), args...)
	if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", line, err, out)
	}
}

// twoMachines are joined by a cable, and by nothing else.
func twoMachines(t *testing.T) (first, second *host) {
	t.Helper()
	first = newMachine(t, nil)
	second = newMachine(t, first)
	first.does(t, "ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", strconv.Itoa(second.pid))
	for m, address := range map[*host]string{first: serverAddress, second: otherAddress} {
		m.does(t, "ip", "address", "add", address+addressBits, "dev", "cable")
		m.does(t, "ip", "link", "set", "cable", "up")
	}
	return first, second
}

// personAt is a person who sits at a machine.
func personAt(t *testing.T, m *host) *person {
	t.Helper()
	p := newPerson(t)
	p.at = m.into
	return p
}

// readCommands takes the commands of a section out of a README, block by block.
func readCommands(t *testing.T, file, section string) (blocks [][]string) {
	t.Helper()
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("%s has no section %q", file, section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for i, part := range strings.Split(rest, "```") {
		if lines, is := strings.CutPrefix(part, "sh\n"); is && i%2 == 1 {
			blocks = append(blocks, strings.Split(strings.TrimSpace(lines), "\n"))
		}
	}
	return blocks
}

// program is a line of a README that calls the program, as arguments.
func program(t *testing.T, line string) []string {
	t.Helper()
	words := strings.Fields(line)
	if words[0] != "bin/kchat-tui" {
		t.Fatalf("the README calls %q", line)
	}
	return words[1:]
}

func TestAPersonOnAnotherMachineGetsInByTheREADMEOnly(t *testing.T) {
	blocks := readCommands(t, "README.md", "Two machines")
	if korean := readCommands(t, "README.ko.md", "컴퓨터 두 대"); !slices.EqualFunc(blocks, korean, slices.Equal) {
		t.Errorf("the READMEs differ:\n%q\n%q", blocks, korean)
	}
	if len(blocks) != 2 || len(blocks[0]) != 2 || len(blocks[1]) != 2 || blocks[1][0] != "make build-client" {
		t.Fatalf("the README says %q", blocks)
	}
	first, second := twoMachines(t)
	mina, joon := personAt(t, first), personAt(t, second)
	terminals := newScreens(t)

	// Mina has done "make run", which ends like this.
	mina.mustRun(t, "server", "start", "--join")
	t.Cleanup(func() { _, _, _ = mina.run(t, "", "server", "stop") })
	a := terminals.create(mina, "mina", "127.0.0.1:10106")
	a.shows("Only you are in #lobby")

	mina.mustRun(t, program(t, blocks[0][0])...)
	code := strings.TrimSpace(mina.mustRun(t, program(t, blocks[0][1])...))
	var status server.Status
	if err := json.Unmarshal([]byte(mina.mustRun(t, "server", "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.Addresses) == 0 || status.Addresses[0] != serverAddress+":10106" {
		t.Fatalf("the addresses to give to others are %q", status.Addresses)
	}

	login := strings.Replace(blocks[1][1], "ADDRESS", status.Addresses[0], 1)
	b := terminals.open(joon, "joon", program(t, login)...)
	b.shows("Log in", "Create account")
	b.press("Down", "Enter")
	b.shows("once more", "nvite code")
	b.fill("joon", "the words of joon", "the words of joon", code)
	b.shows("#lobby", "joon you", "mina")
	a.shows("joon", "2 here")
	b.say("안녕, from the other machine")
	a.shows("안녕, from the other machine")
	a.say("and back")
	b.shows("and back")
}
