// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/server"
	"kchat/server/accounts"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
)

// native is a microVM in which this test is root, with the program and the module as files in it.
type native struct {
	t *testing.T
	v *vm.VM
}

// newNative boots one with more files in it: the path in the guest, and that here.
func newNative(t *testing.T, files map[string]string) *native {
	t.Helper()
	parts, err := vmtest.Parts()
	if err != nil {
		t.Fatal(err)
	}
	noModule := filepath.Join(t.TempDir(), "no-module.ko")
	if err := os.WriteFile(noModule, []byte("this is no module"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"/bin/kchat-tui": os.Getenv(programEnv), "/opt/kchat.ko": parts.Module, "/opt/no-module.ko": noModule}
	maps.Copy(all, files)
	parts.Module = ""
	var log vmtest.KernelLog
	v, err := vm.Start(t.Context(), vm.Config{Parts: parts, Dir: t.TempDir(), Console: &log, Kmsg: log.Add, Files: all})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(func() {
		v.Kill()
		if reports := vmtest.Reports(log.String()); len(reports) > 0 {
			t.Errorf("the kernel reports %q\n%s", reports, &log)
		}
	})
	return &native{t, v}
}

// exec runs any program of the machine to its end.
func (n *native) exec(path string, args ...string) (output string, code int) {
	n.t.Helper()
	var out bytes.Buffer
	deadline, cancel := vmtest.Timeout(time.Minute)
	defer cancel()
	exit, err := n.v.Exec(deadline, guest.Exec{Path: path, Args: args, Env: []string{"LC_ALL=C.UTF-8"}}, &out, &out)
	if err != nil {
		n.t.Fatalf("%s %s: %v", path, strings.Join(args, " "), err)
	}
	return out.String(), exit.Code
}

// run runs the program to its end.
func (n *native) run(args ...string) (output string, code int) {
	n.t.Helper()
	return n.exec("/bin/kchat-tui", args...)
}

// must runs the program, which must succeed.
func (n *native) must(args ...string) string {
	n.t.Helper()
	out, code := n.run(args...)
	if code != 0 {
		n.t.Fatalf("kchat-tui %s: exit code %d, %s", strings.Join(args, " "), code, out)
	}
	return out
}

// follows starts the program, which goes on until the machine ends, and gives what it prints, line by line.
func (n *native) follows(args ...string) <-chan string {
	lines := make(chan string, 1000)
	from, to := io.Pipe()
	go func() {
		_, err := n.v.Exec(n.t.Context(), guest.Exec{Path: "/bin/kchat-tui", Args: args}, to, to)
		_ = to.CloseWithError(err)
	}()
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(from); in.Scan(); {
			lines <- in.Text()
		}
	}()
	return lines
}

// nativeStart starts a server in the kernel of such a machine.
var nativeStart = []string{"server", "start", "--mode", "native", "--module", "/opt/kchat.ko"}

// serve starts a server there whose passwords cost little: the machine is emulated, and deriving their keys is slow.
func (n *native) serve() {
	n.t.Helper()
	n.must(nativeStart...)
	n.must("server", "stop")
	file := "/tmp/.local/share/kchat/server-10106/accounts.json"
	deadline, cancel := vmtest.Timeout(time.Minute)
	defer cancel()
	var data []byte
	if err := n.v.Call(deadline, guest.OpRead, guest.Path{Path: file}, &data); err != nil {
		n.t.Fatal(err)
	}
	usual := strconv.Itoa(accounts.Iterations)
	low := fmt.Sprintf("%-*d", len(usual), accounts.MinIterations) // as long, since the file is written over
	if !bytes.Contains(data, []byte(usual)) {
		n.t.Fatalf("no %s iterations in %s", usual, data)
	}
	data = bytes.Replace(data, []byte(usual), []byte(low), 1)
	if err := n.v.Call(deadline, guest.OpWrite, guest.Write{Path: file, Data: data}, nil); err != nil {
		n.t.Fatal(err)
	}
	n.must(nativeStart...)
}

// machine runs the program in one.
func machine(t *testing.T) (run func(args ...string) (output string, code int)) {
	t.Helper()
	return newNative(t, nil).run
}

func TestTheModuleRunsInTheRunningKernel(t *testing.T) {
	run := machine(t)
	if out, code := run("server", "start", "--mode", "native", "--module", "/opt/no-module.ko"); code == 0 ||
		!strings.Contains(out, server.ErrRefused.Error()) || !strings.Contains(out, "--mode vm") {
		t.Errorf("a file that is no module: exit code %d, %s", code, out)
	}
	if out, code := run("server", "start", "--mode", "native"); code == 0 || !strings.Contains(out, "not installed for kernel") || !strings.Contains(out, "linux-headers-") {
		t.Errorf("a kernel that it was not built for: exit code %d, %s", code, out)
	}
	if out, code := run("server", "start", "--mode", "native", "--module", "/opt/kchat.ko", "--lan"); code != 0 {
		t.Fatalf("start: %s", out)
	}
	out, code := run("server", "status", "--json")
	var s server.Status
	if err := json.Unmarshal([]byte(out), &s); code != 0 || err != nil {
		t.Fatalf("status: exit code %d, %v, %s", code, err, out)
	}
	if s.Mode != server.ModeNative || s.Module == "" || len(s.Addresses) == 0 || s.Addresses[0] != "10.0.2.15:10106" {
		t.Errorf("status: %+v", s)
	}
	if out, code := run("server", "stop"); code != 0 {
		t.Errorf("stop: %s", out)
	}
	if out, code := run("server", "start", "--mode", "native", "--module", "/opt/kchat.ko"); code != 0 {
		t.Errorf("a second start: %s", out)
	}
	if out, code := run("server", "stop"); code != 0 {
		t.Errorf("a second stop: %s", out)
	}
}

// TestLoginByTheDeviceSaysWhatIsMissing: the module, then the account; with both it only wants a terminal.
func TestLoginByTheDeviceSaysWhatIsMissing(t *testing.T) {
	run := machine(t)
	refused := func(code int, words string) {
		t.Helper()
		if out, got := run("login", "--local"); got != code || !strings.Contains(out, words) {
			t.Errorf("login --local: exit code %d, want %d with %q: %s", got, code, words, out)
		}
	}
	refused(exitNoServer, "the module is not loaded")
	if out, code := run("server", "start", "--mode", "native", "--module", "/opt/kchat.ko"); code != 0 {
		t.Fatalf("start: %s", out)
	}
	refused(exitLogin, "--uid")
	if out, code := run("login", "--local", "--user", "kim"); code != exitUsage {
		t.Errorf("--local with --user: exit code %d, %s", code, out)
	}
	if out, code := run("user", "add", "kim", "--uid", "0", "--password-file", "/proc/version"); code != 0 {
		t.Fatalf("user add: %s", out)
	}
	if out, code := run("user", "add", "lee", "--uid", "0", "--password-file", "/proc/version"); code == 0 || !strings.Contains(out, "kim") {
		t.Errorf("a uid twice: exit code %d, %s", code, out)
	}
	if out, code := run("login", "--local"); code == 0 || strings.Contains(out, "--uid") || !strings.Contains(strings.ToLower(out), "tty") {
		t.Errorf("without a terminal: exit code %d, %s", code, out)
	}
	if out, code := run("user", "set", "kim"); code == 0 {
		t.Errorf("user set without anything: %s", out)
	}
	if out, code := run("user", "set", "kim", "--no-uid"); code != 0 {
		t.Fatalf("user set: %s", out)
	}
	refused(exitLogin, "--uid")
	if out, code := run("server", "stop"); code != 0 {
		t.Errorf("stop: %s", out)
	}
}
