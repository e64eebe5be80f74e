// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kchat/server/vmtest"
)

// programEnv names the folder that holds the program under test.
const programEnv = "KCHAT_TEST_PROGRAM"

// TestMain builds the program once, with the parts of the microVM where "make build" would have them beside it.
func TestMain(m *testing.M) {
	if trigger := os.Getenv(faultEnv); trigger != "" {
		exit(faultyLogin(trigger))
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	root, err := vmtest.Root()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "kchat-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bin", "kchat-tui")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	for _, part := range []string{"bin/kchat-init", "kmod"} {
		if err := os.Symlink(filepath.Join(root, part), filepath.Join(dir, part)); err != nil {
			return 0, err
		}
	}
	if err := os.Setenv(programEnv, program); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// person is a user of the host with folders of their own.
type person struct {
	dir string
	env []string
	at  []string // what comes before a command to run it on a machine of its own; else empty
}

// command is the line that runs the program where the person is.
func (p *person) command(args ...string) []string {
	return slices.Concat(p.at, []string{os.Getenv(programEnv)}, args)
}

func newPerson(t *testing.T) *person {
	t.Helper()
	dir, err := os.MkdirTemp("", "kchat-") // t.TempDir is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &person{dir: dir, env: os.Environ()}
	for variable, name := range map[string]string{
		"XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config",
		"XDG_DOWNLOAD_DIR": "downloads",
	} {
		p.env = append(p.env, variable+"="+filepath.Join(dir, name))
	}
	return p
}

// run runs the program to its end.
func (p *person) run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	line := p.command(args...)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	if t.Context().Err() != nil { // in a cleanup
		cmd = exec.Command(line[0], line[1:]...)
	}
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// mustRun runs the program, which must succeed.
func (p *person) mustRun(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := p.run(t, "", args...)
	if code != 0 {
		t.Fatalf("kchat-tui %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := vmtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(int(port))
}
