// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"kchat/server/guest"
)

// ErrRunning says that a server of this user runs at the port already.
var ErrRunning = errors.New("the server is running already")

// Run is a server in this process, for service managers: it runs until ctx ends, a signal comes, or it is told to stop.
// It calls ready each time the server answers: at the start, and after each restart of its microVM.
func Run(ctx context.Context, cfg Config, ready func()) error {
	if _, err := mayStart(ctx, cfg); err != nil {
		return err
	}
	return supervise(ctx, cfg, ready)
}

// Supervise is the server's own process: it runs until it is told to stop. It writes one line to report, a JSON reply,
// when the server is up or will not come up.
func Supervise(ctx context.Context, cfg Config, report io.WriteCloser) error {
	said := sync.OnceFunc(func() {
		_ = json.NewEncoder(report).Encode(reply{})
		_ = report.Close()
	})
	err := supervise(ctx, cfg, said)
	if err != nil {
		_ = json.NewEncoder(report).Encode(reply{Error: err.Error()}) // fails if the server was up before
	}
	return err
}

func supervise(ctx context.Context, cfg Config, ready func()) error {
	if err := cfg.Paths.make(); err != nil {
		return err
	}
	unlock, err := lockServer(cfg.Paths.lock())
	if err != nil {
		return err
	}
	defer unlock()
	raiseFiles()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	signal.Ignore(syscall.SIGHUP) // the terminal it was started from may close
	kernelLog, err := openLog(cfg.Paths.kernelLog())
	if err != nil {
		return err
	}
	defer kernelLog.Close()
	runner, err := NewRunner(cfg, Logs{
		Server:  slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Kernel:  func(k guest.Kmsg) { fmt.Fprintln(kernelLog, k) },
		Console: os.Stderr,
	})
	if err != nil {
		return err
	}
	listener, err := listenControl(cfg.Paths.control())
	if err != nil {
		return err
	}
	done := make(chan struct{})
	orders := &control{runner: runner, stop: stop, ending: ctx, done: done}
	orders.busy.Go(func() { orders.serve(listener) })
	err = runner.Run(ctx, ready)
	close(done)
	_ = listener.Close()
	orders.busy.Wait() // whoever told us to stop gets the answer
	return err
}

// raiseFiles lets us, and QEMU after us, have as many files as we may: each person's connection is some. Go does that
// for itself alone; who asks for it explicitly passes it on.
func raiseFiles() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

// lockServer makes this process the only server at its port.
func lockServer(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the server: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrRunning
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}
