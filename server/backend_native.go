// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"kchat/server/genl"
)

// ErrRefused says that the running kernel does not take the module, and is wrapped with why and what to do.
var ErrRefused = errors.New("this kernel does not take the module")

// installedModule is where "make install" puts the module, or where DKMS does, packed as that system packs modules;
// empty if it is at none of them.
func installedModule(release string) string {
	for _, place := range []string{"extra/kchat.ko", "updates/dkms/kchat.ko*"} {
		if found, err := filepath.Glob(filepath.Join("/lib/modules", release, place)); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

type nativeBackend struct {
	*genl.Local
	module   string // its file; empty: the installed one
	release  string
	listen   netip.Addr
	port     uint16
	hooks    hooks
	service  *genl.Service
	watching sync.Mutex     // protects listens
	listens  *genl.Listener // while somebody watches
	loaded   bool           // by us, to be unloaded when we stop
	never    chan struct{}
}

func startNative(cfg Config, h hooks) (*nativeBackend, error) {
	release, err := runningKernel()
	if err != nil {
		return nil, err
	}
	return &nativeBackend{
		module: cfg.Module, release: release, listen: cfg.Listen, port: cfg.Port, hooks: h, never: make(chan struct{}),
	}, nil
}

// load loads the module, unless another server has: it serves all network namespaces.
func (b *nativeBackend) load(ctx context.Context) (err error) {
	if b.Local, err = genl.Dial(genl.Family); err == nil {
		return nil
	}
	if err := b.insert(ctx); err != nil {
		return err
	}
	b.Local, err = genl.Dial(genl.Family)
	return err
}

// insert brings the module into the kernel: the installed one with what modprobe.d says of it, where there is modprobe.
func (b *nativeBackend) insert(ctx context.Context) error {
	path := b.module
	if path == "" {
		if path = installedModule(b.release); path == "" {
			return fmt.Errorf("the module is not installed for kernel %s: \"make install\" does it, or the package kchat-dkms where linux-headers-%[1]s is there (then: dkms autoinstall); --module FILE names one, --mode vm needs none", b.release)
		}
		if _, err := exec.LookPath("modprobe"); err == nil && exec.CommandContext(ctx, "modprobe", "kchat").Run() == nil {
			b.loaded = true
			return nil
		} // else the kernel itself says why not
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the module for kernel %s: %w", b.release, err)
	}
	defer file.Close()
	flags := 0
	if filepath.Ext(path) != ".ko" {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	err = unix.FinitModule(int(file.Fd()), "", flags)
	switch {
	case err == nil:
		b.loaded = true
	case !errors.Is(err, unix.EEXIST):
		return refusal(err, b.release)
	}
	return nil
}

// refusal names the cause of an error of finit_module(2).
func refusal(err error, release string) error {
	why := "the kernel's log says why (dmesg)"
	switch {
	case errors.Is(err, unix.EPERM) && os.Geteuid() != 0:
		why = "only root can load a module; use sudo, or --mode vm"
	case errors.Is(err, unix.EPERM):
		why = "loading modules is forbidden here: kernel lockdown (Secure Boot), a container, or kernel.modules_disabled; use --mode vm"
	case errors.Is(err, unix.EKEYREJECTED):
		why = "it wants a signature by a key that it knows; sign the module, or use --mode vm"
	case errors.Is(err, unix.ENOEXEC), errors.Is(err, unix.EINVAL):
		why = "the module was built for another kernel than " + release + "; build it for this one, or use --mode vm"
	case errors.Is(err, unix.ENOSYS):
		why = "it was built without modules; use --mode vm"
	}
	return fmt.Errorf("%w: %s (%w)", ErrRefused, why, err)
}

func (b *nativeBackend) serve(ctx context.Context) error {
	service, err := genl.NewService(ctx)
	if err != nil {
		return err
	}
	b.service = service
	go func() { _ = service.Serve(b.hooks.request) }() // ends when stop closes the service
	return nil
}

func (b *nativeBackend) decide(_ context.Context, d genl.Decision) error { return b.service.Decide(d) }

func (b *nativeBackend) watch(_ context.Context, on bool) (err error) {
	b.watching.Lock()
	defer b.watching.Unlock()
	if b.listens != nil {
		err = b.listens.Close() // its Serve ends
		b.listens = nil
	}
	if !on || err != nil {
		return err
	}
	if b.listens, err = genl.NewListener(); err != nil {
		return err
	}
	go func(l *genl.Listener) { _ = l.Serve(b.hooks.event) }(b.listens)
	return nil
}

// check has nothing to find: if this kernel does not react, neither do we.
func (b *nativeBackend) check(context.Context) error { return nil }

func (b *nativeBackend) kill() {}

func (b *nativeBackend) stop(ctx context.Context) error {
	errs := []error{b.watch(ctx, false)}
	if b.service != nil {
		errs = append(errs, b.service.Close())
	}
	if b.Local != nil {
		errs = append(errs, genl.NewClient(b).Stop(ctx), b.Close())
	}
	if b.loaded && !b.shared(ctx) {
		if err := unix.DeleteModule("kchat", unix.O_NONBLOCK); err != nil {
			errs = append(errs, fmt.Errorf("unload the module: %w", err))
		}
	}
	return errors.Join(errs...)
}

// shared reports whether another server may still need the module, in this or another network namespace; it stays then.
func (b *nativeBackend) shared(ctx context.Context) bool {
	ports, err := RunningPorts(ctx)
	return err != nil || slices.ContainsFunc(ports, func(port uint16) bool { return port != b.port })
}

func (b *nativeBackend) gone() <-chan struct{} { return b.never }

func (b *nativeBackend) about() about {
	return about{mode: ModeNative, release: b.release, listen: b.listen, port: b.port}
}

func runningKernel() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("ask for the kernel's release: %w", err)
	}
	return unix.ByteSliceToString(name.Release[:]), nil
}
