// SPDX-License-Identifier: GPL-2.0-only

// Package vm runs a microVM: QEMU, a stock kernel, and an initramfs around /init that this package writes itself.
package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"kchat/server/guest"
)

// Errors that a caller may want to tell apart.
var (
	ErrNoQEMU    = errors.New("QEMU is missing: install the package qemu-system-x86, or run \"make setup\"")
	ErrPortTaken = errors.New("the port is taken")
	ErrNoBoot    = errors.New("the microVM did not come up")
)

// Config says what to run.
type Config struct {
	Parts      Parts
	Dir        string            // for the initramfs; must exist
	Files      map[string]string // more files for the guest: path in the guest to path on the host
	Forwards   []Forward         // ports of the host that lead into the guest
	Cables     []Cable           // Ethernet segments besides; in the guest eth1 and so on
	MemoryMB   int               // 0: 512
	CPUs       int               // 0: 1
	Accel      string            // "", "tcg" or "kvm"; empty: what works
	Parallel   bool              // emulated processors have a thread each; only for kernels that never patch their code
	Count      bool              // the guest's clock counts instructions, one a nanosecond, and skips idle time; emulation only
	KernelArgs string            // more words for the kernel's command line
	Boot       time.Duration     // how long to wait for the guest; 0: one minute
	Console    io.Writer         // gets the serial console: what the kernel says when all else is lost
	Kmsg       func(guest.Kmsg)  // gets the kernel log line by line; must not wait
	Account    func(json.RawMessage)
	Event      func(json.RawMessage) // gets each genl.Event while they are watched; must not wait
}

// Forward leads a port of the host to one of the guest.
type Forward struct {
	UDP   bool // not TCP
	Host  netip.AddrPort
	Guest uint16
}

// Cable is an Ethernet segment whose other end a program of the host holds: a datagram between these Unix sockets is a
// frame.
type Cable struct {
	Guest string // path of QEMU's socket, which it makes
	Host  string // path of the other
}

// VM is a running microVM.
type VM struct {
	*guest.Client
	Release string // of the guest's kernel
	Accel   string
	PID     int // of QEMU

	exited  chan struct{} // closed when QEMU has ended
	exitErr error         // valid once exited is closed
	kill    func()
}

// Start boots a machine and returns once its /init answers. It runs until PowerOff, Kill or its own end.
func Start(ctx context.Context, cfg Config) (*VM, error) {
	cfg = withDefaults(cfg)
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoQEMU, err)
	}
	if err := cfg.Parts.Check(); err != nil {
		return nil, err
	}
	for _, f := range cfg.Forwards {
		if err := portFree(f); err != nil {
			return nil, err
		}
	}
	initramfs, err := buildInitramfs(cfg)
	if err != nil {
		return nil, err
	}
	defer os.Remove(initramfs) // QEMU has read it when the guest answers
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	v := &VM{Accel: cfg.Accel, exited: make(chan struct{})}
	ready := make(chan guest.Ready, 1)
	stderr := &tail{}
	cmd := exec.Command(qemu, arguments(cfg, initramfs)...)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stdout = cfg.Console
	cmd.Stderr = stderr
	if err := v.run(cmd); err != nil {
		return nil, errors.Join(fmt.Errorf("start QEMU: %w", err), ours.Close(), theirs.Close())
	}
	_ = theirs.Close()
	v.Client = guest.NewClient(ours, events(cfg, ready))
	if err := v.await(ctx, cfg.Boot, ready); err != nil {
		v.Kill()
		return nil, fmt.Errorf("%w%s", err, stderr)
	}
	return v, nil
}

// Exited is closed when the machine has ended, whatever the cause.
func (v *VM) Exited() <-chan struct{} { return v.exited }

// PowerOff ends the guest, and QEMU if the guest does not end by itself before ctx does.
func (v *VM) PowerOff(ctx context.Context) error {
	err := v.Call(ctx, guest.OpPowerOff, nil, nil)
	if err != nil && !errors.Is(err, guest.ErrGone) {
		v.Kill()
		return fmt.Errorf("power the microVM off: %w", err)
	}
	select {
	case <-v.exited:
	case <-ctx.Done():
		v.Kill()
		return fmt.Errorf("power the microVM off: %w", ctx.Err())
	}
	return errors.Join(v.Close(), v.exitErr)
}

// Kill ends QEMU at once, as a power cut would, and waits until it is gone.
func (v *VM) Kill() {
	v.kill()
	<-v.exited
	_ = v.Close()
}

func (v *VM) await(ctx context.Context, limit time.Duration, ready <-chan guest.Ready) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-ready:
		v.Release = r.Release
	case <-v.exited:
		if v.exitErr == nil { // a kernel that panics ends it in peace
			return fmt.Errorf("%w: QEMU ended", ErrNoBoot)
		}
		return fmt.Errorf("%w: QEMU ended (%w)", ErrNoBoot, v.exitErr)
	case <-timer.C:
		return fmt.Errorf("%w within %v", ErrNoBoot, limit)
	case <-ctx.Done():
		return fmt.Errorf("wait for the microVM: %w", ctx.Err())
	}
	return v.Call(ctx, guest.OpClock, guest.Clock{UnixMicro: time.Now().UnixMicro()}, nil)
}

func withDefaults(cfg Config) Config {
	if cfg.MemoryMB == 0 {
		cfg.MemoryMB = 512
	}
	if cfg.CPUs == 0 {
		cfg.CPUs = 1
	}
	if cfg.Count {
		cfg.Accel = "tcg"
	}
	if cfg.Accel == "" {
		cfg.Accel = Accelerator()
	}
	if cfg.Boot == 0 {
		cfg.Boot = time.Minute
	}
	if cfg.Console == nil {
		cfg.Console = io.Discard
	}
	return cfg
}

func events(cfg Config, ready chan<- guest.Ready) func(string, json.RawMessage) {
	return func(event string, data json.RawMessage) {
		switch event {
		case guest.EventReady:
			var r guest.Ready
			_ = json.Unmarshal(data, &r)
			select {
			case ready <- r:
			default:
			}
		case guest.EventKmsg:
			var k guest.Kmsg
			if cfg.Kmsg != nil && json.Unmarshal(data, &k) == nil {
				cfg.Kmsg(k)
			}
		case guest.EventHappened:
			if cfg.Event != nil {
				cfg.Event(data)
			}
		case guest.EventAccount:
			if cfg.Account != nil {
				cfg.Account(data)
			}
		}
	}
}

// portFree finds a taken port before QEMU does, whose message would not say what to do.
func portFree(f Forward) error {
	var l io.Closer
	var err error
	if f.UDP {
		l, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(f.Host))
	} else {
		l, err = net.Listen("tcp", f.Host.String())
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPortTaken, f.Host, err)
	}
	return l.Close()
}

func buildInitramfs(cfg Config) (path string, err error) {
	file, err := os.CreateTemp(cfg.Dir, "initramfs-*")
	if err != nil {
		return "", fmt.Errorf("write the initramfs: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	files := map[string]string{}
	for name, from := range cfg.Files {
		files[name] = from
	}
	if cfg.Parts.Module != "" {
		files[ModulePath] = cfg.Parts.Module
	}
	return filepath.Clean(file.Name()), writeInitramfs(file, cfg.Parts.Init, cfg.Parts.Drivers, files)
}

// tail keeps the end of what QEMU complained about.
type tail struct {
	mu   sync.Mutex // protects text
	text []byte
}

const tailLen = 2000 // bytes

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailLen; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return ": " + string(t.text)
}
