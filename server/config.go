// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/wire"
)

// DefaultPort is where a server listens unless told otherwise.
const DefaultPort = 10106

// Mode says which kernel the module runs in.
type Mode string

// The modes.
const (
	ModeAuto   Mode = "auto"   // native if the module was installed, else vm
	ModeNative Mode = "native" // in the running kernel
	ModeVM     Mode = "vm"     // in a microVM
)

// ParseMode reads what a person typed.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case ModeAuto, ModeNative, ModeVM:
		return m, nil
	}
	return "", fmt.Errorf("unknown mode %q: it is auto, native or vm", text)
}

// Config is what a server is started with.
type Config struct {
	Mode   Mode       `json:"mode"`
	Listen netip.Addr `json:"listen"` // an unspecified address lets other machines in
	Port   uint16     `json:"port"`
	Name   string     `json:"name,omitempty"`   // of a new server; what the accounts file says goes before
	Parts  vm.Parts   `json:"parts"`            // of the microVM
	Module string     `json:"module,omitempty"` // kchat.ko for the running kernel
	CPUs   int        `json:"cpus,omitempty"`   // of the microVM
	Accel  string     `json:"accel,omitempty"`  // of the microVM: kvm or tcg; empty: what the processor says it has
	Paths  Paths      `json:"paths"`
	// Accounts is the file of the accounts, which several servers may share; empty: the one that was named last, else
	// one of our own.
	Accounts string `json:"accounts,omitempty"`
	// UDPPort is where the server is found and where its peers reach it; 0: wire.DiscoverPort.
	UDPPort uint16 `json:"udp_port,omitempty"`

	// Files are put into the microVM besides: path in the guest to path on the host.
	Files map[string]string `json:"files,omitempty"`
	// Cables are Ethernet segments of the microVM besides, for tests.
	Cables []vm.Cable `json:"-"`
	// Forwards are ports of the host that lead into the microVM besides, for benchmarks.
	Forwards []vm.Forward `json:"-"`
	// Parallel gives emulated processors a thread each, for kernels that look for data races.
	Parallel bool `json:"parallel,omitempty"`
	// MemoryMB is what the microVM has, for tests with many people; 0: as always.
	MemoryMB int `json:"-"`
	// Count makes the microVM's clock count instructions, for tests of what something costs.
	Count bool `json:"-"`
	// Slow stretches every time limit by this factor, for kernels that check themselves; 0: not at all.
	Slow int `json:"slow,omitempty"`
	// Unloaded is called when the module has left the kernel of a microVM that is to end: tests look at what is left.
	Unloaded func(context.Context, *guest.Client) error `json:"-"`
}

// udpPort is where the server is found and where its peers reach it.
func (c Config) udpPort() uint16 { return cmp.Or(c.UDPPort, wire.DiscoverPort) }

// patience is d, stretched for a slow kernel.
func (c Config) patience(d time.Duration) time.Duration { return d * time.Duration(max(1, c.Slow)) }

// Paths are the folders of one server. Each port has its own.
type Paths struct {
	Data    string `json:"data"`    // the accounts
	State   string `json:"state"`   // logs
	Runtime string `json:"runtime"` // sockets and locks; gone after a reboot
}

// serverFolder, and the port after it, is the name of each folder of a server.
const serverFolder = "server-"

// DefaultPaths are the folders for this user's server at a port. Root's may be the system's own server.
func DefaultPaths(port uint16) (Paths, error) {
	own, err := userPaths(port)
	if err != nil || os.Geteuid() != 0 || exists(own.Data) {
		return own, err
	}
	if system := SystemPaths(port); exists(system.Data) {
		return system, nil
	}
	return own, nil
}

// userPaths are the XDG folders for the server at a port.
func userPaths(port uint16) (Paths, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Paths{}, fmt.Errorf("find the home folder: %w", err)
	}
	name := folderOf(port)
	runtime, err := runtimeDir()
	if err != nil {
		return Paths{}, err
	}
	return Paths{
		Data:    filepath.Join(xdg("XDG_DATA_HOME", home, ".local/share"), "kchat", name),
		State:   filepath.Join(xdg("XDG_STATE_HOME", home, ".local/state"), "kchat", name),
		Runtime: filepath.Join(runtime, name),
	}, nil
}

// systemRuntime is where sockets and locks of the system's own servers are.
const systemRuntime = "/run/kchat"

// SystemPaths are the folders of a server that the system runs as a service, as packaging/kchat-server.service has them.
func SystemPaths(port uint16) Paths {
	name := folderOf(port)
	return Paths{Data: filepath.Join("/var/lib/kchat", name), State: filepath.Join("/var/log/kchat", name), Runtime: filepath.Join(systemRuntime, name)}
}

func folderOf(port uint16) string { return serverFolder + strconv.Itoa(int(port)) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// CacheDir is where the kernels of the microVM are.
func CacheDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home folder: %w", err)
	}
	return filepath.Join(xdg("XDG_CACHE_HOME", home, ".cache"), "kchat"), nil
}

func (p Paths) ownAccounts() string { return filepath.Join(p.Data, "accounts.json") }
func (p Paths) rooms() string       { return filepath.Join(p.Data, "rooms.json") }
func (p Paths) serverLog() string   { return filepath.Join(p.State, "server.log") }
func (p Paths) kernelLog() string   { return filepath.Join(p.State, "kernel.log") }
func (p Paths) control() string     { return filepath.Join(p.Runtime, "control.sock") }
func (p Paths) lock() string        { return filepath.Join(p.Runtime, "lock") }

// make creates the folders, for the user alone.
func (p Paths) make() error {
	for _, dir := range []string{p.Data, p.State, p.Runtime} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make a folder for the server: %w", err)
		}
	}
	return nil
}

// xdg is a base folder as the XDG Base Directory Specification has it: relative values do not count.
func xdg(variable, home, otherwise string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(home, otherwise)
}

// runtimeDir is $XDG_RUNTIME_DIR/kchat. Without the variable it is a folder in /tmp, which must be ours alone, since
// anybody can make folders there.
func runtimeDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kchat"), nil
	}
	dir := filepath.Join(os.TempDir(), "kchat-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for sockets: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return "", fmt.Errorf("look at %s: %w", dir, err)
	}
	if int(st.Uid) != os.Getuid() || st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Mode&0o077 != 0 {
		return "", fmt.Errorf("%s is not a folder of ours alone: remove it, or set XDG_RUNTIME_DIR", dir)
	}
	return dir, nil
}
