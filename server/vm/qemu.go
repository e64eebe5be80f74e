// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// controlFD is the number under which QEMU inherits its end of the control connection.
const controlFD = 3

func arguments(cfg Config, initramfs string) []string {
	network := "user,id=net"
	for _, f := range cfg.Forwards {
		protocol := "tcp"
		if f.UDP {
			protocol = "udp"
		}
		network += fmt.Sprintf(",hostfwd=%s:%s:%d-:%d", protocol, f.Host.Addr(), f.Host.Port(), f.Guest)
	}
	accel, cpu := cfg.Accel, "max"
	switch accel {
	case "kvm":
		cpu = "host"
	case "tcg":
		// The guest's processors take turns on one thread: with a thread each, emulation sometimes lets one run code
		// that another is just patching, and the guest's kernel dies of it ("Oops: int3" in a static branch).
		accel = "tcg,thread=single"
		if cfg.Parallel {
			accel = "tcg,thread=multi"
		}
	}
	if cfg.Count {
		// Emulation counts "rep movsb" as one instruction a byte, so the kernel is to copy as it does without it.
		cpu += ",-erms,-fsrm"
	}
	args := []string{
		// q35 is the machine that always came up; "microvm" hung in half the boots under emulation.
		"-M", "q35", "-accel", accel, "-cpu", cpu,
		"-m", strconv.Itoa(cfg.MemoryMB), "-smp", processors(cfg),
		"-kernel", cfg.Parts.Kernel, "-initrd", initramfs,
		"-append", commandLine(cfg),
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-chardev", fmt.Sprintf("socket,id=control,fd=%d", controlFD),
		"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=control,name=kchat",
		"-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile=",
	}
	if cfg.Count {
		args = append(args, "-icount", "shift=0,sleep=off")
	}
	for i, c := range cfg.Cables {
		args = append(args, "-netdev",
			fmt.Sprintf("dgram,id=cable%d,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", i, c.Guest, c.Host),
			"-device", fmt.Sprintf("virtio-net-pci,netdev=cable%d,mac=52:54:00:6b:63:%02x,romfile=", i, i+1))
	}
	return args
}

// processors are cores of one package, or packages of one core each where the kernel looks into the MP table: SeaBIOS
// writes only the first processor of a package there, as the standard wants (src/fw/mptable.c).
func processors(cfg Config) string {
	if cfg.Parts.MPTable {
		return fmt.Sprintf("cpus=%d,sockets=%[1]d", cfg.CPUs)
	}
	return strconv.Itoa(cfg.CPUs)
}

// slowInitcalls are parts of the kernel that nothing here needs and that take a quarter of a second to begin when
// emulated: a source of randomness beside the processor's, and keys that sign Debian's own modules.
const slowInitcalls = "jent_mod_init,load_system_certificate_list"

// countKHz is the frequency of a time stamp counter that counts instructions, of which one takes a nanosecond.
const countKHz = 1_000_000

// commandLine is the guest kernel's. Level 5 shows warnings and worse on the console; the rest of the log comes over
// the control connection. The kernel does not test whether the timer's interrupts come (check_timer in
// arch/x86/kernel/apic/io_apic.c): on a busy host they come too late for it, and it panics.
func commandLine(cfg Config) string {
	line := "console=ttyS0 loglevel=5 panic=-1 oops=panic no_timer_check initcall_blacklist=" + slowInitcalls
	khz := tscKHz()
	if cfg.Count {
		khz = countKHz
	}
	if cfg.Accel == "tcg" && khz != 0 {
		// An emulated processor shows the host's time stamp counter. On a busy host the guest measures its frequency
		// wrongly, by any factor, and its clock runs at that pace; so it is told.
		line += fmt.Sprintf(" tsc_early_khz=%d", khz)
	}
	if cfg.KernelArgs != "" {
		line += " " + cfg.KernelArgs
	}
	return line
}

// socketPair makes the control connection: ours, and the end that QEMU inherits.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make the control connection: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "control (QEMU)")
	file := os.NewFile(uintptr(fds[0]), "control")
	defer file.Close() // net.FileConn makes its own copy
	ours, err = net.FileConn(file)
	if err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("make the control connection: %w", err)
	}
	return ours, theirs, nil
}

// run starts QEMU and watches it. QEMU dies with us: the signal for that is tied to the thread that started it, so
// one goroutine keeps its thread from the start to the end.
func (v *VM) run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		v.exitErr = cmd.Wait()
		close(v.exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	v.kill, v.PID = func() { _ = cmd.Process.Kill() }, cmd.Process.Pid
	return nil
}
