// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/mdlayher/netlink"

	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/wire"
)

// vmMaxCPUs is how many processors of the host a microVM takes at most, unless told.
const vmMaxCPUs = 2

// bootWait is how long a machine may take to come up; emulated on a busy machine it takes seconds.
const bootWait = 2 * time.Minute

// kvmWait is how long a machine with hardware virtualisation may take; one that works takes a second.
const kvmWait = 15 * time.Second

// emulation is QEMU's name for running a guest without hardware virtualisation, which works everywhere.
const emulation = "tcg"

// unloadWait is how long a module may take to end its connections.
const unloadWait = 10 * time.Second

type vmBackend struct {
	vm    *vm.VM
	cfg   Config
	inner netip.AddrPort // leads to the module
}

func startVM(ctx context.Context, cfg Config, console io.Writer, h hooks) (*vmBackend, error) {
	cpus := cfg.CPUs
	if cpus == 0 {
		cpus = min(vmMaxCPUs, runtime.NumCPU())
	}
	inner, err := innerAddress()
	if err != nil {
		return nil, err
	}
	machine := vm.Config{
		Parts: cfg.Parts, Dir: cfg.Paths.Runtime, Files: cfg.Files, CPUs: cpus, Console: console, Kmsg: h.kmsg,
		Boot: cfg.patience(bootWait), Accel: cfg.Accel, Parallel: cfg.Parallel, Count: cfg.Count, MemoryMB: cfg.MemoryMB, Cables: cfg.Cables,
		Forwards: append([]vm.Forward{{Host: inner, Guest: DefaultPort}, {UDP: true, Host: inner, Guest: wire.DiscoverPort}}, cfg.Forwards...),
		Account: func(data json.RawMessage) {
			var r genl.Request
			if json.Unmarshal(data, &r) == nil {
				h.request(r)
			}
		},
	}
	machine.Event = func(data json.RawMessage) {
		var e genl.Event
		if json.Unmarshal(data, &e) == nil {
			h.event(e)
		}
	}
	v, err := startAny(ctx, machine, console)
	if err != nil {
		return nil, err
	}
	return &vmBackend{vm: v, cfg: cfg, inner: inner}, nil
}

// startAny starts a machine with hardware virtualisation where the processor says that it has it, and by emulation where
// that does not work all the same: inside another virtual machine, QEMU may refuse it or hang.
func startAny(ctx context.Context, machine vm.Config, console io.Writer) (*vm.VM, error) {
	if machine.Accel == "" {
		machine.Accel = vm.Accelerator()
	}
	if machine.Accel == emulation {
		return vm.Start(ctx, machine)
	}
	quick := machine
	quick.Boot = kvmWait
	v, err := vm.Start(ctx, quick)
	if !errors.Is(err, vm.ErrNoBoot) {
		return v, err
	}
	fmt.Fprintf(console, "hardware virtualisation does not work here, emulation takes over: %v\n", err)
	machine.Accel = emulation
	return vm.Start(ctx, machine)
}

// The addresses at which a microVM can be reached: this host's alone, and so many that two hardly ever meet. The ports
// lie below those that the kernel gives to connections going out (ip_local_port_range).
const (
	innerFirstPort = 15000
	innerEndPort   = 32000
	innerTries     = 100
)

// innerAddress picks an address of 127.0.0.0/8 that nobody listens on.
func innerAddress() (netip.AddrPort, error) {
	for range innerTries {
		random := rand.Uint32()
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(random >> 16), byte(random >> 8), 1}),
			uint16(innerFirstPort+rand.IntN(innerEndPort-innerFirstPort)))
		if isFree(addr) {
			return addr, nil
		}
	}
	return netip.AddrPort{}, errors.New("there is no free port on 127.0.0.0/8")
}

// isFree says whether nobody has an address, neither for TCP nor for UDP.
func isFree(addr netip.AddrPort) bool {
	listener, err := net.Listen("tcp", addr.String())
	if err != nil {
		return false
	}
	defer listener.Close()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func (b *vmBackend) Execute(ctx context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	var answer guest.NetlinkAnswer
	err := b.vm.Call(ctx, guest.OpNetlink, guest.Netlink{
		Family: genl.Family, Command: command, Flags: uint16(flags), Data: data,
	}, &answer)
	return answer.Messages, err
}

// carried is how many requests go to the guest at once: some hundred KB.
const carried = 500

// ExecuteEach implements genl.Bulk. The way into the guest costs more than what is asked there, so many go together.
func (b *vmBackend) ExecuteEach(ctx context.Context, command uint8, flags netlink.HeaderFlags, data [][]byte) error {
	for some := range slices.Chunk(data, carried) {
		err := b.vm.Call(ctx, guest.OpNetlink, guest.Netlink{
			Family: genl.Family, Command: command, Flags: uint16(flags), Data: some[0], More: some[1:],
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *vmBackend) load(ctx context.Context) error {
	if err := b.vm.Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath}, nil); err != nil {
		return fmt.Errorf("load the module: %w", err)
	}
	return nil
}

func (b *vmBackend) serve(ctx context.Context) error {
	return b.vm.Call(ctx, guest.OpService, nil, nil)
}

func (b *vmBackend) decide(ctx context.Context, d genl.Decision) error {
	return b.vm.Call(ctx, guest.OpDecide, d, nil)
}

func (b *vmBackend) watch(ctx context.Context, on bool) error {
	return b.vm.Call(ctx, guest.OpWatch, guest.Watch{On: on}, nil)
}

// check sets the machine's clock on the way, which stands still while the host sleeps.
func (b *vmBackend) check(ctx context.Context) error {
	return b.vm.Call(ctx, guest.OpClock, guest.Clock{UnixMicro: time.Now().UnixMicro()}, nil)
}

func (b *vmBackend) kill() { b.vm.Kill() }

// stop unloads the module before the machine goes, so that people are told and the kernel's log shows what was left.
func (b *vmBackend) stop(ctx context.Context) error {
	unload, cancel := context.WithTimeout(ctx, b.cfg.patience(unloadWait))
	defer cancel()
	err := b.vm.Call(unload, guest.OpUnload, guest.Unload{Name: "kchat"}, nil)
	if err != nil {
		err = fmt.Errorf("unload the module: %w", err)
	}
	if err == nil && b.cfg.Unloaded != nil {
		err = b.cfg.Unloaded(ctx, b.vm.Client)
	}
	return errors.Join(err, b.vm.PowerOff(ctx))
}

func (b *vmBackend) gone() <-chan struct{} { return b.vm.Exited() }

func (b *vmBackend) about() about {
	return about{
		mode: ModeVM, release: b.vm.Release, accel: b.vm.Accel,
		listen: netip.IPv6Unspecified(), port: DefaultPort, inner: b.inner, outer: hostAddress(),
		proxies: []netip.Prefix{netip.PrefixFrom(hostAddress(), 32)},
	}
}

// hostAddress is what the microVM sees of this host (the gateway of QEMU's user network), and so of the relay.
func hostAddress() netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 2, 2}) }

// Inner is the way into the microVM past the relay, for tests that are a proxy themselves.
func (r *Runner) Inner() netip.AddrPort {
	if b := r.microVM(); b != nil {
		return b.inner
	}
	return netip.AddrPort{}
}

// Guest is the way into the microVM, for tests that read its files or run programs in it. Without a running microVM it
// is nil.
func (r *Runner) Guest() *guest.Client {
	if b := r.microVM(); b != nil {
		return b.vm.Client
	}
	return nil
}

// CutPower kills the microVM, as tests of its restart do, and returns when it is gone.
func (r *Runner) CutPower() {
	if b := r.microVM(); b != nil {
		b.vm.Kill()
	}
}

// MicroVM is the process of QEMU that runs the microVM; 0: there is none.
func (r *Runner) MicroVM() (pid int) {
	if b := r.microVM(); b != nil {
		return b.vm.PID
	}
	return 0
}

func (r *Runner) microVM() *vmBackend {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, _ := r.backend.(*vmBackend)
	return b
}
