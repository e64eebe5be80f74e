// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"kchat/server/genl"
)

// ErrRefused says that the running kernel does not take the module, and is wrapped with why and what to do.
var ErrRefused = errors.New("this kernel does not take the module")

// installedModule is where "make install" puts the module.
func installedModule(release string) string {
	return filepath.Join("/lib/modules", release, "extra", "kchat.ko")
}

type nativeBackend struct {
	*genl.Local
	module   string
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
	module := cfg.Module
	if module == "" {
		module = installedModule(release)
	}
	return &nativeBackend{
		module: module, release: release, listen: cfg.Listen, port: cfg.Port, hooks: h, never: make(chan struct{}),
	}, nil
}

// load loads the module, unless another server has: it serves all network namespaces.
func (b *nativeBackend) load(context.Context) (err error) {
	if b.Local, err = genl.Dial(genl.Family); err == nil {
		return nil
	}
	file, err := os.Open(b.module)
	if err != nil {
		return fmt.Errorf("open the module for kernel %s: %w", b.release, err)
	}
	defer file.Close()
	err = unix.FinitModule(int(file.Fd()), "", 0)
	switch {
	case err == nil:
		b.loaded = true
	case !errors.Is(err, unix.EEXIST):
		return refusal(err, b.release)
	}
	b.Local, err = genl.Dial(genl.Family)
	return err
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
