// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kchat/bench/job"
	"kchat/server"
	"kchat/server/guest"
	"kchat/server/vm"
)

// machine is the running guest with the servers in it.
type machine struct {
	vm  *vm.VM
	dir string
	log *lockedLog
}

// lockedLog keeps what the guest's kernel complains about.
type lockedLog struct {
	mu   sync.Mutex // protects text
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const (
	memoryMB = 3072
	bootWait = 5 * time.Minute
	// jobWait is for one job on a busy host: emulation runs some 50 million instructions a second there.
	jobWait = 30 * time.Minute
)

// boot starts the machine with the files (path in the guest to path here).
func boot(ctx context.Context, how string, root string, files map[string]string) (m *machine, err error) {
	if how == howKVM && vm.Accelerator() != howKVM {
		return nil, errors.New("this machine has no KVM, and without it time says nothing: measure instructions (-how count)")
	}
	cache, err := server.CacheDir()
	if err != nil {
		return nil, err
	}
	parts, err := vm.Kernel(filepath.Join(cache, "kernels", "6.12"))
	if err != nil {
		return nil, err
	}
	parts.Init, parts.Module = filepath.Join(root, "bin", "kchat-init"), filepath.Join(root, "kmod", "kchat.ko")
	m = &machine{log: &lockedLog{}}
	m.dir, err = os.MkdirTemp("", "kchat-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the machine: %w", err)
	}
	cfg := vm.Config{
		Parts: parts, Dir: m.dir, Files: files, MemoryMB: memoryMB, CPUs: 1, Boot: bootWait, Console: m.log,
		Kmsg: func(k guest.Kmsg) {
			if k.Level <= 4 {
				fmt.Fprintln(m.log, k)
			}
		},
	}
	switch how {
	case howCount:
		cfg.Count = true
	case howKVM:
		cfg.Accel, cfg.CPUs = "kvm", 2
	case howWall:
		cfg.Accel, cfg.CPUs = "tcg", 2
	}
	m.vm, err = vm.Start(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(m.dir))
	}
	return m, nil
}

func (m *machine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(m.vm.PowerOff(ctx), os.RemoveAll(m.dir))
}

// errCase says that a case could not be measured, while the machine goes on.
var errCase = errors.New("not measured")

// do does one job in the guest.
func (m *machine) do(ctx context.Context, j job.Job) (r job.Result, err error) {
	ctx, cancel := context.WithTimeout(ctx, jobWait)
	defer cancel()
	text, err := json.Marshal(j)
	if err != nil {
		return r, fmt.Errorf("write the job: %w", err)
	}
	var out, complaints bytes.Buffer
	exit, err := m.vm.Exec(ctx, guest.Exec{Path: "/bin/inside", Args: []string{string(text)}}, &out, &complaints)
	if err != nil {
		return r, fmt.Errorf("%s: %w\n%s%s", j.Server, err, &complaints, m.log)
	}
	if exit.Code != 0 {
		return r, fmt.Errorf("%w: %s, N=%d, %d rooms, %d B, %s:\n%s%s",
			errCase, j.Server, j.Members, j.Rooms, j.Size, modeOf(j), &complaints, m.log)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s: read the result: %w: %s", j.Server, err, &out)
	}
	return r, nil
}
