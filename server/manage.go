// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/accounts"
	"kchat/server/vm"
)

// SuperviseEnv is the variable that makes a program of ours a supervisor: it holds the Config as JSON. What it reports
// goes to file descriptor 3.
const SuperviseEnv = "KCHAT_SUPERVISE"

// reportFD is the first of exec.Cmd's ExtraFiles.
const reportFD = 3

// startWait is how long a start may take; the machine's own limit is shorter, so this one is for what hangs.
const startWait = 3 * time.Minute

// OtherError says that another server, not this user's, answers at the address.
type OtherError struct {
	Addr netip.AddrPort
	Name string // of that server
}

func (e *OtherError) Error() string {
	return fmt.Sprintf("a kchat server (%s) runs at %s already: join it with \"kchat-tui login --server %s\", or choose another port with --port",
		e.Name, e.Addr, e.Addr)
}

// Start starts a server in a process of its own and returns when it answers. If this user's server runs already, the
// error is ErrRunning and the status is that server's.
func Start(ctx context.Context, cfg Config) (Status, error) {
	if status, err := mayStart(ctx, cfg); err != nil {
		return status, err
	}
	if err := cfg.Paths.make(); err != nil {
		return Status{}, err
	}
	spawned := spawn(ctx, cfg)
	if spawned != nil && !errors.Is(spawned, ErrRunning) {
		return Status{}, spawned
	}
	status, err := GetStatus(ctx, cfg.Paths)
	if err != nil {
		return Status{}, err
	}
	return status, spawned
}

// mayStart says what keeps a server from starting: this user's runs already, with its status, or somebody has the port.
func mayStart(ctx context.Context, cfg Config) (Status, error) {
	status, err := GetStatus(ctx, cfg.Paths)
	switch {
	case err == nil:
		return status, ErrRunning
	case !errors.Is(err, ErrNotRunning):
		return Status{}, err
	}
	return Status{}, checkPort(ctx, cfg)
}

// checkPort finds out who has the port, if somebody has.
func checkPort(ctx context.Context, cfg Config) error {
	addr := netip.AddrPortFrom(cfg.Listen, cfg.Port)
	listener, err := net.Listen("tcp", addr.String())
	if err == nil {
		return listener.Close()
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	there := netip.AddrPortFrom(reachable(cfg.Listen), cfg.Port)
	if welcome, err := Probe(ctx, there); err == nil {
		return &OtherError{Addr: there, Name: welcome.Name}
	}
	return fmt.Errorf("%w: another program listens on %s: choose another port with --port", vm.ErrPortTaken, addr)
}

// spawn starts the supervisor, which outlives us, and waits for its word.
func spawn(ctx context.Context, cfg Config) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	log, err := os.OpenFile(cfg.Paths.serverLog(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	ours, theirs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer ours.Close()
	cmd := exec.Command(exe, "server", "run", "--port", strconv.Itoa(int(cfg.Port))) // for people who look at ps
	cmd.Env = append(os.Environ(), SuperviseEnv+"="+string(text))
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	keepInheritedFiles()
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the server's process: %w", err), theirs.Close())
	}
	_ = theirs.Close()
	go func() { _ = cmd.Wait() }() // for as long as we live; afterwards init does it
	stop := context.AfterFunc(ctx, func() { _ = ours.SetReadDeadline(time.Now()) })
	defer stop()
	line, err := bufio.NewReader(ours).ReadBytes('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		return fmt.Errorf("the server did not come up (%w); its log is %s", errors.Join(err, ctx.Err()), cfg.Paths.serverLog())
	}
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("read the server's word: %w", err)
	}
	if r.Error == ErrRunning.Error() {
		return ErrRunning // somebody was quicker
	}
	if r.Error != "" {
		return fmt.Errorf("the server did not come up: %s (its log is %s)", strings.TrimSpace(r.Error), cfg.Paths.serverLog())
	}
	return nil
}

// keepInheritedFiles keeps what we inherited from going on to the server: whoever waits for the end of a pipe of ours
// would wait for the server's. Kernels before 5.11 cannot do that, and the files are inherited.
func keepInheritedFiles() {
	_ = unix.CloseRange(reportFD, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

// MaybeSupervise makes this process a supervisor if it was started as one, and says whether it was. It belongs at the
// beginning of main.
func MaybeSupervise() (was bool, err error) {
	text, ok := os.LookupEnv(SuperviseEnv)
	if !ok {
		return false, nil
	}
	if err := os.Unsetenv(SuperviseEnv); err != nil {
		return true, err
	}
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return true, fmt.Errorf("read the configuration: %w", err)
	}
	syscall.CloseOnExec(reportFD)
	return true, Supervise(context.Background(), cfg, os.NewFile(reportFD, "report"))
}

// Stop ends this user's server and returns when it has ended.
func Stop(ctx context.Context, p Paths) error {
	if err := ask(ctx, p.control(), orderStop, nil); err != nil {
		return err
	}
	// The process still has to go, so that another can start.
	for {
		unlock, err := lockServer(p.lock())
		if err == nil {
			unlock()
			return nil
		}
		if !errors.Is(err, ErrRunning) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the server's end: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// GetStatus asks this user's server how it is.
func GetStatus(ctx context.Context, p Paths) (Status, error) {
	var s Status
	err := ask(ctx, p.control(), orderStatus, &s)
	return s, err
}

// RunningConfig asks this user's server what it was started with.
func RunningConfig(ctx context.Context, p Paths) (Config, error) {
	var cfg Config
	err := ask(ctx, p.control(), orderConfig, &cfg)
	return cfg, err
}

// SyncAccounts tells this user's server, if it runs, that the accounts file has changed.
func SyncAccounts(ctx context.Context, p Paths) error {
	err := ask(ctx, p.control(), orderSync, nil)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	return err
}

// OpenAccounts opens the accounts of the server with these paths. name is for a server that never ran.
func OpenAccounts(p Paths, name string) (*accounts.Store, error) {
	return p.openAccounts("", name)
}

// CopyLog writes the server's own log, or the log of the module's kernel, to out; with follow until ctx ends.
func CopyLog(ctx context.Context, p Paths, kernel bool, out io.Writer, follow bool) error {
	if kernel {
		return copyLog(ctx, p.kernelLog(), out, follow)
	}
	return copyLog(ctx, p.serverLog(), out, follow)
}
