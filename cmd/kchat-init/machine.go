// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/server/genl"
	"kchat/server/guest"
)

// machine is what the host's requests act on.
type machine struct {
	server *guest.Server

	mu       sync.Mutex // protects what follows
	service  *genl.Service
	listener *genl.Listener // while the server is watched
}

func (m *machine) handlers() map[string]guest.Handler {
	return map[string]guest.Handler{
		guest.OpClock:    with(setClock),
		guest.OpLoad:     with(func(l guest.Load) (any, error) { return nil, loadModule(l.Path, l.Params) }),
		guest.OpUnload:   with(unload),
		guest.OpNetlink:  with(exchange),
		guest.OpService:  func(json.RawMessage, func(guest.Output)) (any, error) { return nil, m.becomeService() },
		guest.OpDecide:   with(m.decide),
		guest.OpWatch:    with(func(w guest.Watch) (any, error) { return nil, m.watch(w.On) }),
		guest.OpRead:     with(func(p guest.Path) (any, error) { return os.ReadFile(p.Path) }),
		guest.OpWrite:    with(writeFile),
		guest.OpExec:     runProgram,
		guest.OpPowerOff: func(json.RawMessage, func(guest.Output)) (any, error) { powerOff(); return nil, nil },
	}
}

// with makes a handler of a function that takes its arguments as a type.
func with[T any](do func(T) (any, error)) guest.Handler {
	return func(args json.RawMessage, _ func(guest.Output)) (any, error) {
		var t T
		if err := json.Unmarshal(args, &t); err != nil {
			return nil, fmt.Errorf("read the arguments: %w", err)
		}
		return do(t)
	}
}

// clockSlack is how far the clock may be off before it is set: what the way here takes, with some room.
const clockSlack = 50 * time.Millisecond

func setClock(c guest.Clock) (any, error) {
	if off := time.Until(time.UnixMicro(c.UnixMicro)); off.Abs() < clockSlack {
		return nil, nil
	}
	tv := unix.NsecToTimeval(c.UnixMicro * 1000)
	if err := unix.Settimeofday(&tv); err != nil {
		return nil, fmt.Errorf("set the clock: %w", err)
	}
	return nil, nil
}

func unload(u guest.Unload) (any, error) {
	if err := unix.DeleteModule(u.Name, unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("unload %s: %w", u.Name, err)
	}
	return nil, nil
}

// writeFile writes in one call, which is what files of the kernel want.
func writeFile(w guest.Write) (any, error) {
	file, err := os.OpenFile(w.Path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(w.Data)
	return nil, errors.Join(err, file.Close())
}

// exchange asks the module. A new socket each time finds the family anew, for the module may have been reloaded.
func exchange(n guest.Netlink) (any, error) {
	local, err := genl.Dial(n.Family)
	if err != nil {
		return nil, err
	}
	defer local.Close()
	messages, err := local.Execute(context.Background(), n.Command, netlink.HeaderFlags(n.Flags), n.Data)
	if err != nil {
		return nil, err
	}
	for _, data := range n.More {
		if _, err := local.Execute(context.Background(), n.Command, netlink.HeaderFlags(n.Flags), data); err != nil {
			return nil, err
		}
	}
	return guest.NetlinkAnswer{Messages: messages}, nil
}

// becomeService replaces an earlier service, whose module may be gone.
func (m *machine) becomeService() error {
	service, err := genl.NewService(context.Background())
	if err != nil {
		return err
	}
	m.mu.Lock()
	old := m.service
	m.service = service
	m.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	go func() {
		_ = service.Serve(func(r genl.Request) { _ = m.server.Event(guest.EventAccount, r) })
	}()
	return nil
}

func (m *machine) decide(d genl.Decision) (any, error) {
	m.mu.Lock()
	service := m.service
	m.mu.Unlock()
	if service == nil {
		return nil, errors.New("no accounts service was asked for")
	}
	return nil, service.Decide(d)
}

// watch begins or ends to report what happens. To begin anew replaces a listener whose module may be gone.
func (m *machine) watch(on bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener != nil {
		_ = m.listener.Close() // its Serve ends
		m.listener = nil
	}
	if !on {
		return nil
	}
	listener, err := genl.NewListener()
	if err != nil {
		return err
	}
	m.listener = listener
	go func() {
		_ = listener.Serve(func(e genl.Event) { _ = m.server.Event(guest.EventHappened, e) })
	}()
	return nil
}

// runProgram runs one program to its end.
func runProgram(args json.RawMessage, output func(guest.Output)) (any, error) {
	var e guest.Exec
	if err := json.Unmarshal(args, &e); err != nil {
		return nil, fmt.Errorf("read the arguments: %w", err)
	}
	cmd := exec.Command(e.Path, e.Args...)
	cmd.Env = append([]string{"PATH=/bin", "HOME=/tmp"}, e.Env...)
	cmd.Dir = "/tmp"
	cmd.Stdout = &outputWriter{output: output}
	cmd.Stderr = &outputWriter{output: output, stderr: true}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return guest.Exit{Code: exit.ExitCode()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", e.Path, err)
	}
	return guest.Exit{}, nil
}

// outputWriter sends what a program prints to the host.
type outputWriter struct {
	output func(guest.Output)
	stderr bool
}

func (w *outputWriter) Write(p []byte) (int, error) {
	w.output(guest.Output{Stderr: w.stderr, Data: p})
	return len(p), nil
}
