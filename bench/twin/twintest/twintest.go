// SPDX-License-Identifier: GPL-2.0-only

// Package twintest gives tests and benchmarks the twin (bench/twin) as their server.
//
//	var bin twintest.Programs
//
//	func TestMain(m *testing.M) { os.Exit(twintest.Run(m, &bin, twintest.Twin(), twintest.Client())) }
package twintest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/server/accounts"
	"kchat/server/vmtest"
)

// Password is everybody's.
const Password = "correct horse battery"

// Programs is the folder of the programs that were built for a package's tests.
type Programs string

// Path is where a program lies.
func (p Programs) Path(name string) string { return filepath.Join(string(p), name) }

// A Build is the command, run in the folder of go.mod, that puts a program into a folder.
type Build func(into Programs) []string

// Twin builds kchat-twin; variables are make's, such as "SANITIZE=1".
func Twin(variables ...string) Build {
	return func(into Programs) []string {
		return append([]string{"make", "-s", "-j2", "-C", "bench/twin", "OUT=" + string(into)}, variables...)
	}
}

// Client builds kchat-tui.
func Client() Build {
	return func(into Programs) []string {
		return []string{"go", "build", "-trimpath", "-o", into.Path("kchat-tui"), "kchat/cmd/kchat-tui"}
	}
}

// Run builds programs into a folder of their own, runs the tests, and returns the exit code.
func Run(m *testing.M, bin *Programs, builds ...Build) int {
	dir, err := os.MkdirTemp("", "kchat-twin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for what is built:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	*bin = Programs(dir)
	if err := build(*bin, builds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(into Programs, builds []Build) error {
	root, err := vmtest.Root()
	if err != nil {
		return err
	}
	for _, b := range builds {
		words := b(into)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0") // as "make build" does
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
		}
	}
	return nil
}

// Accounts is a new file of accounts as a server of kchat has it, and its path: people with the numbers 1, 2 and so on in
// the order of their names, who log in by these in small letters. A community of zeros: a new one.
func Accounts(t testing.TB, server string, community accounts.UUID, names ...string) string {
	t.Helper()
	store, err := accounts.Open(filepath.Join(t.TempDir(), "accounts.json"), server)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := accounts.NewVerifier(Password, accounts.MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Update(func(d *accounts.Data) error {
		d.Iterations = accounts.MinIterations
		if community != (accounts.UUID{}) {
			d.Community = community
		}
		for _, name := range names {
			if _, err := d.Add(name, verifier, time.Now()); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return store.Path()
}

// Start runs a twin until the test ends, and gives its address. limits are the module's, such as "log_bytes=65536". What
// it says on standard error fails the test.
func (p Programs) Start(t testing.TB, accountsFile string, limits ...string) string {
	t.Helper()
	cmd := exec.Command(p.Path("kchat-twin"), append([]string{"--accounts", accountsFile, "--port", "0"}, limits...)...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err = errors.Join(err, cmd.Start()); err != nil {
		t.Fatal("start the twin:", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it says that it was killed
		if complaints.Len() > 0 {
			t.Errorf("the twin said: %s", complaints.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		_ = cmd.Wait()
		t.Fatalf("the twin does not listen: %v, %s", err, complaints.String())
	}
	return address
}
