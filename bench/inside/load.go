// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"kchat/bench/job"
)

// protocol is the load generator's word for what a server speaks.
func protocol(server string) string {
	switch server {
	case job.Kchat, job.Twin:
		return "kchat"
	case job.Floor:
		return "raw"
	case job.InspIRCd, job.NgIRCd:
		return "irc"
	case job.Mosquitto:
		return "mqtt"
	}
	return server
}

// load is a running load generator.
type load struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startLoad(j job.Job) (*load, error) {
	cmd := exec.Command("/bin/kchat-load", "--proto", protocol(j.Server), "--addr", fmt.Sprintf("127.0.0.1:%d", job.Port),
		"--members", strconv.Itoa(j.Members), "--rooms", strconv.Itoa(j.Rooms), "--size", strconv.Itoa(j.Size),
		"--outstanding", strconv.Itoa(j.Outstanding), "--deliveries", strconv.Itoa(j.Deliveries))
	if j.Rate > 0 {
		cmd.Args = append(cmd.Args, "--rate", strconv.Itoa(j.Rate))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load generator: %w", err)
	}
	return &load{cmd: cmd, in: in, out: bufio.NewScanner(out)}, nil
}

// line waits for the load generator's next one.
func (l *load) line() ([]byte, error) {
	if l.out.Scan() {
		return l.out.Bytes(), nil
	}
	if err := l.out.Err(); err != nil {
		return nil, fmt.Errorf("read from the load generator: %w", err)
	}
	return nil, errors.New("the load generator has ended")
}

// ready waits until all are connected, logged in and in their rooms.
func (l *load) ready() error {
	line, err := l.line()
	if err == nil && string(line) != "ready" {
		err = fmt.Errorf("the load generator says %q, not that it is ready", line)
	}
	return err
}

func (l *load) run() (r job.Load, err error) {
	if _, err := io.WriteString(l.in, "go\n"); err != nil {
		return r, fmt.Errorf("tell the load generator to go: %w", err)
	}
	line, err := l.line()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("read what the load generator says: %w", err)
	}
	if r.Deliveries == 0 {
		return r, errors.New("the load generator says that nothing was delivered")
	}
	return r, nil
}

func (l *load) stop() error {
	_, _ = io.WriteString(l.in, "quit\n") // it may have ended, which Wait tells
	_ = l.in.Close()
	if err := l.cmd.Wait(); err != nil {
		return fmt.Errorf("end the load generator: %w", err)
	}
	return nil
}
