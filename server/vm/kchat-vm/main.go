// SPDX-License-Identifier: GPL-2.0-only

// Command kchat-vm is for people who work on the module: it boots a microVM with it, shows the kernel log, and
// takes orders from standard input until that ends.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"kchat/server/guest"
	"kchat/server/vm"
)

const usage = `kchat-vm [options]: a microVM for work on the module. Orders on standard input:
  load [PARAMS] · unload · insmod PATH [PARAMS] · rmmod NAME · cat PATH · write PATH TEXT · run PATH ARGS... · quit`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kchat-vm:", err)
		os.Exit(1)
	}
}

type options struct {
	kernel, init, module string
	port                 uint
	cpus                 int
	load                 bool
	kernelArgs           string
	files                map[string]string
}

func parse() options {
	cache, _ := os.UserCacheDir()
	o := options{files: map[string]string{}}
	flag.Usage = func() { fmt.Fprintln(os.Stderr, usage); flag.PrintDefaults() }
	flag.StringVar(&o.kernel, "kernel", filepath.Join(cache, "kchat/kernels/6.12"), "folder with rel, vmlinuz and drivers")
	flag.StringVar(&o.init, "init", "bin/kchat-init", "the guest's /init")
	flag.StringVar(&o.module, "module", "kmod/kchat.ko", "the module; empty for none")
	flag.UintVar(&o.port, "port", 10106, "port on 127.0.0.1 that leads to the guest's 10106; 0 for none")
	flag.IntVar(&o.cpus, "smp", 2, "processors")
	flag.BoolVar(&o.load, "load", true, "load the module")
	flag.StringVar(&o.kernelArgs, "append", "", "more words for the kernel's command line")
	flag.Func("file", "GUESTPATH=HOSTPATH: a file to put into the guest (repeatable)", func(s string) error {
		name, from, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want GUESTPATH=HOSTPATH")
		}
		o.files[name] = from
		return nil
	})
	flag.Parse()
	return o
}

func run() error {
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parts, err := vm.Kernel(o.kernel)
	if err != nil {
		return err
	}
	parts.Init, parts.Module = o.init, o.module
	dir, err := os.MkdirTemp("", "kchat-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg := vm.Config{
		Parts: parts, Dir: dir, Files: o.files, CPUs: o.cpus, KernelArgs: o.kernelArgs, Boot: 2 * time.Minute, Console: os.Stderr,
		Kmsg: func(k guest.Kmsg) { fmt.Println(k) },
	}
	if o.port != 0 {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(o.port))
		cfg.Forwards = []vm.Forward{{Host: addr, Guest: 10106}}
	}
	v, err := vm.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Printf("READY kernel %s, %s, port %d\n", v.Release, v.Accel, o.port)
	if o.load && o.module != "" {
		if err := v.Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath}, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	orders(ctx, v)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return v.PowerOff(end)
}

// orders obeys standard input until it ends, the guest does, or we are interrupted.
func orders(ctx context.Context, v *vm.VM) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			lines <- in.Text()
		}
	}()
	for {
		select {
		case line, ok := <-lines:
			if !ok || line == "quit" {
				return
			}
			if err := obey(ctx, v, strings.Fields(line)); err != nil {
				fmt.Println("ERROR", err)
			} else {
				fmt.Println("OK")
			}
		case <-ctx.Done():
			return
		case <-v.Exited():
			return
		}
	}
}

func obey(ctx context.Context, v *vm.VM, words []string) error {
	if len(words) == 0 {
		return nil
	}
	rest := strings.Join(words[1:], " ")
	switch {
	case words[0] == "load":
		return v.Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath, Params: rest}, nil)
	case words[0] == "unload":
		return v.Call(ctx, guest.OpUnload, guest.Unload{Name: "kchat"}, nil)
	case words[0] == "rmmod" && len(words) == 2:
		return v.Call(ctx, guest.OpUnload, guest.Unload{Name: words[1]}, nil)
	case words[0] == "insmod" && len(words) >= 2:
		return v.Call(ctx, guest.OpLoad, guest.Load{Path: words[1], Params: strings.Join(words[2:], " ")}, nil)
	case words[0] == "cat" && len(words) == 2:
		var data []byte
		err := v.Call(ctx, guest.OpRead, guest.Path{Path: words[1]}, &data)
		_, _ = os.Stdout.Write(data)
		return err
	case words[0] == "write" && len(words) >= 2:
		return v.Call(ctx, guest.OpWrite, guest.Write{Path: words[1], Data: []byte(strings.Join(words[2:], " "))}, nil)
	case words[0] == "run" && len(words) >= 2:
		exit, err := v.Exec(ctx, guest.Exec{Path: words[1], Args: words[2:]}, os.Stdout, os.Stderr)
		if err == nil && exit.Code != 0 {
			err = fmt.Errorf("exit code %d", exit.Code)
		}
		return err
	}
	return errors.New(usage)
}
