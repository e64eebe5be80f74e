// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// pythonClient is the client that the document ends with, as it stands there.
func pythonClient(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllSubmatch(text, -1)
	if len(m) != 1 {
		t.Fatalf("%d clients in the document", len(m))
	}
	path := filepath.Join(t.TempDir(), "client.py")
	if err := os.WriteFile(path, m[0][1], 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// python runs the client and returns what it printed.
func python(t *testing.T, ctx context.Context, path string, a account, password, room, text string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(world.server(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "python3", path, host, port, a.name, room, text)
	cmd.Env = append(os.Environ(), "KCHAT_PASSWORD="+password, "PYTHONUTF8=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

func TestTheClientOfTheDocumentTalks(t *testing.T) {
	t.Parallel()
	path := pythonClient(t)
	name := room()
	a := enter(t)
	r := a.join(name)
	guest := world.account(t, 0)
	ctx, cancel := context.WithTimeout(t.Context(), world.slow(time.Minute))
	defer cancel()
	type result struct {
		out string
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := python(t, ctx, path, guest, guest.password, name, "안녕 from Python")
		done <- result{out, err}
	}()
	f := a.typed(wire.TypeMsg)
	got, err := wire.ParseTalk(f.Body)
	if err != nil || string(got.Text) != "안녕 from Python" || f.Sender != guest.number {
		t.Errorf("it said %q, %v", got.Text, err)
	}
	a.gets(a.say(r.Number, "and hello from Go"), wire.TypeMsg)
	end := <-done
	if end.err != nil || !strings.Contains(end.out, "안녕 from Python") || !strings.Contains(end.out, "and hello from Go") {
		t.Errorf("%v: %s", end.err, end.out)
	}
	if _, err := a.Find(world.slow(patience), func(f peer.Frame) bool { return f.Type == wire.TypePresence && f.Sender == guest.number }); err != nil {
		t.Error(err)
	}
}

func TestTwoClientsOfTheDocumentTalkToEachOther(t *testing.T) {
	t.Parallel()
	path, name := pythonClient(t), room()
	ctx, cancel := context.WithTimeout(t.Context(), world.slow(time.Minute))
	defer cancel()
	done := make(chan error, 2)
	for _, text := range []string{"one", "two"} {
		a := world.account(t, 0)
		go func() {
			out, err := python(t, ctx, path, a, a.password, name, text)
			if err != nil || !strings.Contains(out, "one") || !strings.Contains(out, "two") {
				t.Errorf("%s: %v: %s", text, err, out)
			}
			done <- err
		}()
	}
	<-done
	<-done
}

func TestTheClientOfTheDocumentWithAWrongPassword(t *testing.T) {
	t.Parallel()
	out, err := python(t, t.Context(), pythonClient(t), world.account(t, 0), "wrong", room(), "x")
	if err == nil || !strings.Contains(out, "error 10") || !strings.Contains(out, wire.ErrAuth.Error()) {
		t.Errorf("%v: %s", err, out)
	}
}
