// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kchat/rooms"
)

// Tests that need a second process run this test binary again as one of these.
var helpers = map[string]func(path string, out io.Writer) error{
	"endless": func(path string, out io.Writer) error { return writeOn(path, out, 1, 1<<30) },
	"odd":     func(path string, out io.Writer) error { return writeOn(path, out, 1, 400) },
	"even":    func(path string, out io.Writer) error { return writeOn(path, out, 2, 400) },
	"opened": func(path string, _ io.Writer) error {
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			return err
		}
		return s.Close()
	},
	"queued": func(path string, _ io.Writer) error {
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			return err
		}
		for n := 1; n <= 2000; n++ {
			if err := s.Queue(context.Background(), said(n, "queued")); err != nil {
				return err
			}
		}
		return s.Close()
	},
}

const (
	helperName = "KCHAT_HISTORY_TEST_HELPER"
	helperPath = "KCHAT_HISTORY_TEST_PATH"
)

func TestMain(m *testing.M) {
	if run := helpers[os.Getenv(helperName)]; run != nil {
		if err := run(os.Getenv(helperPath), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeOn saves every second message from first on, and a draft, and says each number when it is durable.
func writeOn(path string, out io.Writer, first, last int) error {
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	for n := first; n <= last; n += 2 {
		waiting := by(ann, "ann", said(-n, fmt.Sprint("waiting ", n)))
		waiting.Pos, waiting.State = rooms.Position{}, rooms.StateWaiting
		if err := s.Save(ctx, said(n, fmt.Sprint(n)), waiting); err != nil {
			return err
		}
		if err := s.SetDraft(ctx, lobby, fmt.Sprint("draft ", n)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, n); err != nil {
			return err
		}
	}
	return s.Close()
}

func startHelper(t *testing.T, name, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t))
	cmd.Env = append(os.Environ(), helperName+"="+name, helperPath+"="+path)
	cmd.Stderr = os.Stderr
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestWhatWasSavedSurvivesAKill(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "history.db")
	last := 0
	for round := 1; round <= 3; round++ {
		cmd, out := startHelper(t, "endless", path)
		for last = 0; last < 150*round && out.Scan(); {
			last = must(strconv.Atoi(out.Text()))(t)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the writer was not killed: %v", err)
		}
		s := openAt(t, path)
		equal(t, "set aside", s.SetAside(), "")
		for n := 1; n <= last; n += 2 {
			if _, found, err := s.Message(ctx, lobby, idOf(n)); !found || err != nil {
				t.Fatalf("message %d, saved before the kill, is found: %v, %v", n, found, err)
			}
		}
		var waiting int
		for _, m := range must(s.Outbox(ctx, testCommunity, ann))(t) {
			if m.Text == fmt.Sprint("waiting ", last) {
				waiting++
			}
		}
		equal(t, "the last waiting message", waiting, 1)
		draft := must(strconv.Atoi(strings.TrimPrefix(must(s.Draft(ctx, lobby))(t), "draft ")))(t)
		if draft < last {
			t.Errorf("draft %d of %d", draft, last)
		}
	}
}

func TestTwoProcessesShareAHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	var writers []*exec.Cmd
	for _, name := range []string{"odd", "even"} {
		cmd, out := startHelper(t, name, path)
		go func() { // the pipe must be read; Wait ends it
			for out.Scan() {
				continue
			}
		}()
		writers = append(writers, cmd)
	}
	for _, w := range writers {
		if err := w.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	s := openAt(t, path)
	equal(t, "messages", must(s.Count(context.Background(), lobby))(t), 400)
	equal(t, "coverage", must(s.Coverage(context.Background(), lobby))(t), Coverage{Highest: at(1, 400), Contiguous: at(1, 400)})
}

func TestOneSeesWhatTheOtherSaved(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "history.db")
	one, other := openAt(t, path), openAt(t, path)
	save(t, one, said(1, "from one"))
	save(t, other, said(2, "from the other"), said(1, "from one"))
	equal(t, "talk", texts(must(one.Last(ctx, lobby, 9))(t)), []string{"from one", "from the other"})
}

// asNobody makes a command that opens a history run without root's power to write anywhere.
func asNobody(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	self := must(os.Executable())(t)
	cmd := exec.Command(self)
	if os.Getuid() == 0 {
		dir := t.TempDir()
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // of all temporary directories of this test
			t.Fatal(err)
		}
		copied := filepath.Join(dir, "history.test")
		if err := os.WriteFile(copied, must(os.ReadFile(self))(t), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd = exec.Command(copied)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Env = append(os.Environ(), helperName+"=opened", helperPath+"="+path)
	return cmd
}

func TestADirectoryThatCannotBeWrittenIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "history.db"), filepath.Join(dir, "kchat", "history.db")} {
		said, err := asNobody(t, path).CombinedOutput()
		if err == nil || !strings.Contains(string(said), dir) || !strings.Contains(string(said), "permission denied") {
			t.Errorf("%v: %s", err, said)
		}
	}
}

func TestCloseCommitsWhatIsQueued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	cmd, _ := startHelper(t, "queued", path)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "messages", must(openAt(t, path).Count(context.Background(), lobby))(t), 2000)
}
