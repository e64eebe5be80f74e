// SPDX-License-Identifier: GPL-2.0-only

// Package load_test shows that the load generator counts what a server delivers, and that nothing that a server does
// wrong with a message passes for a delivery.
package load_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limit is how long a run may take on a busy machine.
const limit = 5 * time.Minute

// bin is where the programs are built, once for all tests.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kchat-load")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = filepath.Join(dir, "bin")
	out, err := exec.Command("make", "-C", "..", "OUT="+filepath.Join(dir, "obj"),
		"BIN="+bin, "SANITIZE=-fsanitize=address,undefined").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the load generator: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// result is what the generator prints at the end.
type result struct {
	Messages, Deliveries, Bytes, Connections, Held uint64

	Reports uint64
	P50     uint64 `json:"p50_ns"`
	P99     uint64 `json:"p99_ns"`
	Max     uint64 `json:"max_ns"`
	Elapsed uint64 `json:"elapsed_ns"`
}

// generator is a run of kchat-load.
type generator struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	errors strings.Builder
	stop   *time.Timer
}

// generate starts kchat-load.
func generate(t *testing.T, args ...string) *generator {
	t.Helper()
	g := &generator{cmd: exec.Command(filepath.Join(bin, "kchat-load"), args...)}
	g.cmd.Stderr = &g.errors
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.out = bufio.NewScanner(out)
	g.stop = time.AfterFunc(limit, func() { _ = g.cmd.Process.Kill() })
	t.Cleanup(func() { g.stop.Stop(); _ = g.cmd.Process.Kill() })
	return g
}

// say writes a line to its standard input; one that has ended already says why itself.
func (g *generator) say(line string) { _, _ = io.WriteString(g.in, line+"\n") }

// hears is the next line of its standard output; empty: there is none.
func (g *generator) hears() string {
	if !g.out.Scan() {
		return ""
	}
	return g.out.Text()
}

// end waits for its end: what it said on standard error, and its exit code.
func (g *generator) end(t *testing.T) (complaint string, code int) {
	t.Helper()
	for g.out.Scan() {
	}
	err := g.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return g.errors.String(), g.cmd.ProcessState.ExitCode()
}

// whole goes through a run that has to succeed.
func whole(t *testing.T, args ...string) result {
	t.Helper()
	g := generate(t, args...)
	if line := g.hears(); line != "ready" {
		complaint, _ := g.end(t)
		t.Fatalf("%q instead of \"ready\": %s", line, complaint)
	}
	g.say("go")
	line := g.hears()
	g.say("quit")
	if complaint, code := g.end(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, complaint)
	}
	var r result
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return r
}

// floor starts kchat-floor and gives its address.
func floor(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "kchat-floor"), "--port", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var port int
	if _, err := fmt.Fscanf(out, "listening on port %d\n", &port); err != nil {
		t.Fatalf("what the floor says: %v", err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func TestTheFloorDeliversEverything(t *testing.T) {
	addr := floor(t)
	for _, c := range []struct {
		members, rooms, size, outstanding, deliveries string
		messages, connections, bytes                  uint64
	}{
		{"2", "1", "64", "1", "200", 100, 2, 200 * (64 + 8)},
		{"7", "1", "64", "64", "699", 100, 7, 700 * (64 + 8)}, // at least so many: whole messages
		{"5", "1", "16384", "8", "500", 100, 5, 500 * (16384 + 8)},
		{"3", "40", "16", "64", "1200", 400, 120, 1200 * (16 + 8)},
	} {
		r := whole(t, "--proto", "raw", "--addr", addr, "--members", c.members, "--rooms", c.rooms, "--size", c.size,
			"--outstanding", c.outstanding, "--deliveries", c.deliveries)
		if r.Messages != c.messages || r.Connections != c.connections || r.Bytes != c.bytes {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

// A message is said by the clock, not when the one before it has come: 40 deliveries at 200 a second, two at a time,
// take 20 turns of 10 ms.
func TestTheClockSaysWhen(t *testing.T) {
	r := whole(t, "--proto", "raw", "--addr", floor(t), "--members", "2", "--rate", "200", "--deliveries", "40")
	if r.Deliveries != 40 || r.Elapsed < uint64(200*time.Millisecond) {
		t.Errorf("%d deliveries in %v", r.Deliveries, time.Duration(r.Elapsed))
	}
	if r.P50 == 0 || r.P50 > r.P99 || r.P99 > r.Max || r.Max > r.Elapsed {
		t.Errorf("latency: median %d, 99 %% %d, largest %d of %d ns", r.P50, r.P99, r.Max, r.Elapsed)
	}
}

func TestIdleSaysNothing(t *testing.T) {
	r := whole(t, "--proto", "raw", "--addr", floor(t), "--members", "3", "--idle", "1")
	if r.Deliveries != 0 || r.Elapsed < uint64(time.Second) || r.Connections != 3 {
		t.Errorf("%+v", r)
	}
}

// A server that is not there, and a command line that makes no sense, are told in a sentence.
func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, c := range []struct {
		args string
		says string
	}{
		{"--proto raw --addr 127.0.0.1:1 --deliveries 1", "connect to 127.0.0.1:1: Connection refused"},
		{"--proto raw --addr nowhere --deliveries 1", "an IPv4 address, a colon and a port"},
		{"--proto raw --addr 1.2.3:77 --deliveries 1", "1.2.3 is not an IPv4 address"},
		{"--proto raw --addr 127.0.0.1:65536 --deliveries 1", "an IPv4 address, a colon and a port"},
		{"--proto smoke --deliveries 1", "--proto smoke: there is no such protocol here"},
		{"--deliveries 1", "--proto is needed"},
		{"--proto raw", "--deliveries or --idle is needed"},
		{"--proto raw --members 0 --deliveries 1", "--members 0: a number from 1"},
		{"--proto raw --size 16385 --deliveries 1", "--size 16385: a number from 16 to 16384"},
		{"--proto irc --size 351 --deliveries 1", "--size 351: irc takes up to 350 bytes"},
		{"--proto raw --deliveries 1 more", "more: what is that?"},
	} {
		complaint, code := generate(t, strings.Fields(c.args)...).end(t)
		if code != 1 || !strings.Contains(complaint, c.says) {
			t.Errorf("%s: exit code %d: %s", c.args, code, complaint)
		}
	}
}

// Each order is a run of its own over the connections that are there.
func TestEachOrderIsARun(t *testing.T) {
	for _, args := range []string{"--outstanding 8", "--rate 1000"} {
		g := generate(t, append(strings.Fields(args), "--proto", "raw", "--addr", floor(t), "--members", "4", "--rooms", "3",
			"--deliveries", "40")...)
		if line := g.hears(); line != "ready" {
			t.Fatal(line)
		}
		for range 3 {
			g.say("go")
			var r result
			if err := json.Unmarshal([]byte(g.hears()), &r); err != nil {
				t.Fatal(err)
			}
			if r.Messages != 10 || r.Deliveries != 40 || r.Bytes != 40*(64+8) || r.Max > r.Elapsed {
				t.Errorf("%s: %+v", args, r)
			}
		}
		g.say("quit")
		if complaint, code := g.end(t); code != 0 {
			t.Errorf("exit code %d: %s", code, complaint)
		}
	}
}

func TestAnOrderThatIsNone(t *testing.T) {
	g := generate(t, "--proto", "raw", "--addr", floor(t), "--deliveries", "2")
	g.say("stop")
	if complaint, code := g.end(t); code != 1 || !strings.Contains(complaint, `"stop" on standard input`) {
		t.Errorf("exit code %d: %s", code, complaint)
	}
}

// The end of the orders is the end, also before any.
func TestTheEndOfTheOrders(t *testing.T) {
	g := generate(t, "--proto", "raw", "--addr", floor(t), "--deliveries", "2")
	if err := g.in.Close(); err != nil {
		t.Fatal(err)
	}
	if complaint, code := g.end(t); code != 0 {
		t.Errorf("exit code %d: %s", code, complaint)
	}
}
