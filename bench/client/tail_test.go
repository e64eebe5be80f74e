// SPDX-License-Identifier: GPL-2.0-only

package client_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tail is kchat-tui tail --json at work, whose output is read and checked line by line.
type tail struct {
	t      testing.TB
	cmd    *exec.Cmd
	author *author
	read   sync.WaitGroup
	live   chan struct{}
}

// startTail runs tail as Ben, in a room in which the author is.
func startTail(t testing.TB, address string, a *author, flags ...string) *tail {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin.Path("kchat-tui"), append([]string{
		"tail", "--json", "--server", address, "--user", "Ben", "--password-file", secret, "--room", room,
	}, flags...)...)
	for _, name := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"} {
		cmd.Env = append(cmd.Env, name+"="+dir)
	}
	cmd.Env = append(cmd.Env, "HOME="+dir, "PATH="+os.Getenv("PATH"))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &tail{t: t, cmd: cmd, author: a, live: make(chan struct{})}
	w.read.Go(func() { w.lines(bufio.NewReaderSize(out, 1<<20)) })
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		w.read.Wait()
		if err := cmd.Wait(); err != nil || complaints.Len() > 0 {
			t.Errorf("tail: %v, %s", err, complaints.String())
		}
	})
	select {
	case <-w.live:
	case <-time.After(patience):
		t.Fatal("tail is not in the room")
	}
	return w
}

// lines reads what tail prints: each message once, in its order, none missing.
func (w *tail) lines(out *bufio.Reader) {
	messages, last := int64(0), uint64(0)
	for {
		line, err := out.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(line, []byte(`{"type":"live"`)):
			close(w.live)
		case bytes.HasPrefix(line, []byte(`{"type":"message"`)):
			if seq := number(line, `"seq":`); seq != last+1 {
				w.t.Errorf("after message %d: %s", last, line)
			}
			last++
			messages++
			if out.Buffered() == 0 || messages%256 == 0 {
				w.author.arrive(messages)
			}
		case bytes.HasPrefix(line, []byte(`{"type":"gap"`)), bytes.HasPrefix(line, []byte(`{"type":"offline"`)):
			w.t.Errorf("tail says: %s", line)
		}
	}
}

// number is the decimal number behind a mark in a line, 0: there is none.
func number(line []byte, mark string) uint64 {
	_, rest, _ := bytes.Cut(line, []byte(mark))
	end := bytes.IndexAny(rest, ",}")
	n, _ := strconv.ParseUint(string(rest[:max(end, 0)]), 10, 64)
	return n
}

// used is the time that a process has had of the processors.
func used(t testing.TB, pid int) time.Duration {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has ended
		}
		ns, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(n)
	}
	return sum
}

// line is what people write.
const line = "a line of talk, as people write them, of about sixty-four bytes."

func TestTailPrintsEachMessageOfAFlood(t *testing.T) {
	address := twin(t)
	a := newAuthor(t, address)
	startTail(t, address, a)
	a.listen(t, "Ben")
	a.flood(t, line, 5000)
}

func BenchmarkTail(b *testing.B) {
	for name, flags := range map[string][]string{
		"history":    nil,
		"no-history": {"--no-history"},
	} {
		b.Run(name, func(b *testing.B) {
			address := twin(b)
			a := newAuthor(b, address)
			w := startTail(b, address, a, flags...)
			a.listen(b, "Ben")
			a.flood(b, line, 1000)
			before, begin := used(b, w.cmd.Process.Pid), time.Now()
			b.ResetTimer()
			a.flood(b, line, b.N)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "messages/s")
			b.ReportMetric(float64((used(b, w.cmd.Process.Pid)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
