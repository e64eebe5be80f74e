// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/server"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
)

// machine is a microVM in which this test is root, with the program and the module as files in it.
func machine(t *testing.T) (run func(args ...string) (output string, code int)) {
	t.Helper()
	parts, err := vmtest.Parts()
	if err != nil {
		t.Fatal(err)
	}
	module := parts.Module
	parts.Module = ""
	noModule := filepath.Join(t.TempDir(), "no-module.ko")
	if err := os.WriteFile(noModule, []byte("this is no module"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log vmtest.KernelLog
	v, err := vm.Start(t.Context(), vm.Config{
		Parts: parts, Dir: t.TempDir(), Console: &log, Kmsg: log.Add,
		Files: map[string]string{"/bin/kchat-tui": os.Getenv(programEnv), "/opt/kchat.ko": module, "/opt/no-module.ko": noModule},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(func() {
		v.Kill()
		if reports := vmtest.Reports(log.String()); len(reports) > 0 {
			t.Errorf("the kernel reports %q\n%s", reports, &log)
		}
	})
	return func(args ...string) (string, int) {
		t.Helper()
		var out bytes.Buffer
		deadline, cancel := vmtest.Timeout(time.Minute)
		defer cancel()
		exit, err := v.Exec(deadline, guest.Exec{Path: "/bin/kchat-tui", Args: args}, &out, &out)
		if err != nil {
			t.Fatalf("kchat-tui %s: %v", strings.Join(args, " "), err)
		}
		return out.String(), exit.Code
	}
}

func TestTheModuleRunsInTheRunningKernel(t *testing.T) {
	run := machine(t)
	if out, code := run("server", "start", "--mode", "native", "--module", "/opt/no-module.ko"); code == 0 ||
		!strings.Contains(out, server.ErrRefused.Error()) || !strings.Contains(out, "--mode vm") {
		t.Errorf("a file that is no module: exit code %d, %s", code, out)
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
