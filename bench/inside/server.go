// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kchat/bench/job"
)

// server is a running server.
type server struct {
	version string
	pids    []int         // whose threads are the server's
	process *exec.Cmd     // nil for the module
	said    func() string // the last that it has printed
	end     func() error
}

func (s *server) stop() error { return s.end() }

func start(j job.Job) (*server, error) {
	if j.Server == job.Kchat {
		return startModule(j)
	}
	for _, p := range programs() {
		if p.name == j.Server {
			return startProgram(p, j)
		}
	}
	return nil, errors.New("there is no such server")
}

// program is a server that is a process.
type program struct {
	name    string
	path    string
	args    []string
	config  string   // what is in /tmp/config
	version []string // the arguments that make it print its version; nil: it is ours
}

const (
	configPath = "/tmp/config"
	saidPath   = "/tmp/said" // what the server prints, to whom nobody listens unless something goes wrong
	saidMax    = 2000        // bytes of its end that are shown then
)

// Some servers look for who they are to be.
const (
	users  = "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"
	groups = "root:x:0:\nnogroup:x:65534:\n"
)

func startProgram(p program, j job.Job) (*server, error) {
	s := &server{version: "of this repository"}
	if p.version != nil {
		out, err := exec.Command(p.path, p.version...).CombinedOutput()
		if len(out) == 0 { // some of them take the question for an error, and answer
			return nil, fmt.Errorf("ask for its version: %w", err)
		}
		s.version, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	}
	if p.name == job.Twin {
		if _, err := makeAccounts(j.People()); err != nil {
			return nil, err
		}
	}
	for path, text := range map[string]string{configPath: p.config, "/etc/passwd": users, "/etc/group": groups} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	said, err := os.Create(saidPath)
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Dir = "/tmp"
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start it: %w", err)
	}
	s.said = func() string {
		text, _ := os.ReadFile(saidPath)
		return string(text[max(0, len(text)-saidMax):])
	}
	s.process, s.pids = cmd, []int{cmd.Process.Pid}
	s.end = func() error {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
		return portClosed()
	}
	if err := portOpen(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", err, s.said()), s.end())
	}
	return s, nil
}

// portWait is how long a server may take to open its port or to close it.
const portWait = 20 * time.Second

func reachable() bool {
	conn, err := net.Dial("tcp", address())
	if err != nil {
		return false
	}
	// Whoever closes first keeps the port's name for a while; it shall not be the server.
	_ = conn.Close()
	return true
}

func portOpen() error {
	for deadline := time.Now().Add(portWait); !reachable(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("it does not open its port")
		}
	}
	return nil
}

func portClosed() error {
	for deadline := time.Now().Add(portWait); reachable(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("it does not close its port")
		}
	}
	return nil
}

func address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(job.Port)) }

// insert loads a module of the kernel.
func insert(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), "", 0); err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}
