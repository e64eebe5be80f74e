// SPDX-License-Identifier: GPL-2.0-only

// Package vmtest gives tests a real server: the module in a microVM, reached over real TCP. When it ends, the kernel's
// log is read, and a report in it fails the test.
//
// A package whose tests share one machine has
//
//	var shared vmtest.Shared
//
//	func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
//
// and calls shared.Server(t); a test that needs a machine of its own calls Start. "make build" comes before.
// With KCHAT_TEST_KERNEL=debug, coverage or kcsan it is another kernel; docs/testing.md tells of them.
package vmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kchat/server"
	"kchat/server/accounts"
	"kchat/server/guest"
	"kchat/server/vm"
)

// iterations is as low as allowed: tests log in often.
const iterations = accounts.MinIterations

// Server is a running server.
type Server struct {
	Addr   string // host:port
	Runner *server.Runner

	cfg    server.Config
	port   uint16
	ready  chan struct{} // gets one when the server is up, at the start and after each restart
	cancel context.CancelFunc
	ended  chan error
	log    *KernelLog
	hungry bool   // memory may run out
	module string // the file
	code   code   // the module's, once the server is about to end
}

// Option changes what a server is started with.
type Option func(*server.Config)

// WithFile puts a file into the guest, for Exec.
func WithFile(inGuest, onHost string) Option {
	return func(cfg *server.Config) { cfg.Files[inGuest] = onHost }
}

// WithDriver puts a driver of the kernel into the guest, as /lib/NAME.ko, unless the kernel has it built in.
func WithDriver(name string) Option {
	return func(cfg *server.Config) {
		path := filepath.Join(filepath.Dir(cfg.Parts.Kernel), "testing", name+".ko")
		if _, err := os.Stat(path); err == nil {
			cfg.Files["/lib/"+name+".ko"] = path
		}
	}
}

// WithCable gives the guest an Ethernet segment besides, as eth1.
func WithCable(cable vm.Cable) Option {
	return func(cfg *server.Config) { cfg.Cables = append(cfg.Cables, cable) }
}

// WithForward leads a port of the host to one of the guest besides.
func WithForward(host netip.AddrPort, inGuest uint16) Option {
	return func(cfg *server.Config) {
		cfg.Forwards = append(cfg.Forwards, vm.Forward{Host: host, Guest: inGuest})
	}
}

// WithModule runs another module than kmod/kchat.ko.
func WithModule(path string) Option {
	return func(cfg *server.Config) { cfg.Parts.Module = path }
}

// WithAccel wants hardware virtualisation ("kvm") or emulation ("tcg").
func WithAccel(accel string) Option {
	return func(cfg *server.Config) { cfg.Accel = accel }
}

// WithMemory gives the guest more memory, or less, than 512 MB.
func WithMemory(mb int) Option {
	return func(cfg *server.Config) { cfg.MemoryMB = mb }
}

// WithCount makes the guest's clock count instructions, one a nanosecond, on one processor: what a thread has run is
// then what it costs, whatever else the host does. People who talk from outside would be too slow for that clock.
func WithCount() Option {
	return func(cfg *server.Config) { cfg.Count, cfg.CPUs = true, 1 }
}

// Start boots a machine for one test and ends it with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s, err := boot(t.TempDir(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func boot(dir string, options []Option) (*Server, error) {
	parts, err := Parts()
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	cfg := server.Config{
		Mode: server.ModeVM, Listen: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Port: port, Name: "test server", Parts: parts,
		Paths: server.Paths{
			Data: filepath.Join(dir, "data"), State: filepath.Join(dir, "state"), Runtime: filepath.Join(dir, "run"),
		},
		Files: map[string]string{}, Slow: patience(), CPUs: 2, Parallel: parallel(),
	}
	for _, option := range options {
		option(&cfg)
	}
	s := &Server{
		Addr: netip.AddrPortFrom(cfg.Listen, port).String(), port: port, module: cfg.Parts.Module,
		ready: make(chan struct{}, 64), ended: make(chan error, 1), log: &KernelLog{},
	}
	cfg.Unloaded = s.unloaded
	s.cfg = cfg
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.Runner.Accounts().Update(func(d *accounts.Data) error { d.Iterations = iterations; return nil }); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) prepare() (err error) {
	s.Runner, err = server.NewRunner(s.cfg, server.Logs{
		Server: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelError})),
		Kernel: s.log.Add, Console: s.log,
	})
	return err
}

// run returns when the server is up.
func (s *Server) run() error {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- s.Runner.Run(ctx, func() { s.ready <- struct{}{} }) }()
	select {
	case <-s.ready:
		return s.bePatient()
	case err := <-s.ended:
		cancel()
		return fmt.Errorf("start a server in a microVM: %w\n%s", err, s.log)
	}
}

// Restart stops the server in good order and starts it again from what it has on disk, as "server restart" does.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	err := s.locate()
	s.cancel()
	err = errors.Join(err, <-s.ended)
	if err == nil {
		err = s.prepare()
	}
	if err == nil {
		err = s.run()
	}
	if err != nil {
		t.Fatal("restart the server:", err)
	}
}

// Dir is where the server keeps its files.
func (s *Server) Dir() string { return s.cfg.Paths.Data }

// bePatient raises the limits of a server on a slow kernel: what a client must do in time must be possible in that time.
func (s *Server) bePatient() error {
	if Slowness() == 0 {
		return nil
	}
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	if on, wanted := watchRaces(); wanted {
		if err := s.Runner.Guest().Call(ctx, guest.OpWrite, on, nil); err != nil {
			s.cancel()
			return errors.Join(fmt.Errorf("switch KCSAN on: %w", err), <-s.ended)
		}
	}
	for name, value := range map[string]uint64{"login_ms": 60_000, "silence_ms": 60_000, "lost_ms": 120_000, "stall_ms": 120_000} {
		if err := s.Runner.Kernel().SetParam(ctx, name, value); err != nil {
			s.cancel()
			return errors.Join(fmt.Errorf("raise the limit %s: %w", name, err), <-s.ended)
		}
	}
	return nil
}

// Close stops the server and reads the kernel's log.
func (s *Server) Close() error {
	located := s.locate()
	s.cancel()
	err := <-s.ended
	if err != nil {
		err = fmt.Errorf("stop the server: %w", err)
	}
	log := s.log.String()
	if s.hungry {
		log = withoutHunger(log)
	}
	if reports := Reports(log); len(reports) > 0 {
		err = errors.Join(err, fmt.Errorf("the kernel reports:\n%s\nThe whole log:\n%s", lines(reports), s.log))
	}
	return errors.Join(err, located)
}

// locate remembers where the module's code is, for the names in what unloaded finds.
func (s *Server) locate() (err error) {
	g := s.Runner.Guest()
	if g != nil && kernelName() == "kcsan" {
		ctx, cancel := s.Timeout(10 * time.Second)
		defer cancel()
		return hasWatched(ctx, g)
	}
	if g != nil && findsLeaks() {
		ctx, cancel := s.Timeout(10 * time.Second)
		defer cancel()
		s.code, err = codeOf(ctx, g, "kchat", s.module)
	}
	return err
}

// unloaded looks at the kernel that the module has just left: for what was lost, or for the lines that ran.
func (s *Server) unloaded(ctx context.Context, g *guest.Client) error {
	if kernelName() == "coverage" {
		return saveCoverage(ctx, g, s.module)
	}
	if !findsLeaks() {
		return nil
	}
	leaks, err := findLeaks(ctx, g)
	if err != nil || leaks == "" {
		return err
	}
	named, err := s.code.name(leaks)
	return errors.Join(fmt.Errorf("memory was lost:\n%s", named), err)
}

// MemoryRunsOut says that the kernel will have to end programs, which is no report then.
func (s *Server) MemoryRunsOut() { s.hungry = true }

// KernelLog is what the kernel has said so far.
func (s *Server) KernelLog() string { return s.log.String() }

// AddUser makes an account and returns its number. The server knows it when this returns.
func (s *Server) AddUser(t testing.TB, name, password string) uint64 {
	t.Helper()
	return s.add(t, name, password, false)
}

// AddBot makes an account of a program.
func (s *Server) AddBot(t testing.TB, name, password string) uint64 {
	t.Helper()
	return s.add(t, name, password, true)
}

func (s *Server) add(t testing.TB, name, password string, bot bool) (number uint64) {
	t.Helper()
	verifier, err := accounts.NewVerifier(password, iterations)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Runner.Accounts().Update(func(d *accounts.Data) error {
		account, err := d.Add(name, verifier, time.Now())
		if err != nil {
			return err
		}
		account.Bot = bot
		number = account.Number
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.sync(t)
	return number
}

// AddUsers makes many accounts with one password: prefix0, prefix1 and so on.
func (s *Server) AddUsers(t testing.TB, prefix, password string, count int) (names []string) {
	t.Helper()
	verifier, err := accounts.NewVerifier(password, iterations)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Runner.Accounts().Update(func(d *accounts.Data) error {
		for i := range count {
			name := fmt.Sprintf("%s%d", prefix, i)
			if _, err := d.Add(name, verifier, time.Now()); err != nil {
				return err
			}
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.sync(t)
	return names
}

// RemoveUser deletes an account.
func (s *Server) RemoveUser(t testing.TB, login string) {
	t.Helper()
	err := s.Runner.Accounts().Update(func(d *accounts.Data) error {
		_, err := d.Delete(login)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.sync(t)
}

func (s *Server) sync(t testing.TB) {
	t.Helper()
	ctx, cancel := s.Timeout(30 * time.Second)
	defer cancel()
	if err := s.Runner.Sync(ctx); err != nil {
		t.Fatal(err)
	}
}

// Timeout is context.WithTimeout, with more time on a busy host and on a slow kernel.
func (s *Server) Timeout(d time.Duration) (context.Context, context.CancelFunc) { return Timeout(d) }

// Timeout is context.WithTimeout, with more time on a busy host and on a slow kernel.
func Timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d*time.Duration(patience()))
}

// SetParam sets a limit of the module, such as "silence_ms".
func (s *Server) SetParam(t testing.TB, name string, value uint64) {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	if err := s.Runner.Kernel().SetParam(ctx, name, value); err != nil {
		t.Fatal(err)
	}
}

// CutPower kills the machine and returns when the server is up again.
func (s *Server) CutPower(t testing.TB) {
	t.Helper()
	s.Runner.CutPower()
	select {
	case <-s.ready:
	case err := <-s.ended:
		s.ended <- err
		t.Fatalf("the server did not come up again: %v", err)
	}
}

// ReadFile reads a file of the guest, such as /proc/net/kchat.
func (s *Server) ReadFile(t testing.TB, path string) string {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	var data []byte
	if err := s.Runner.Guest().Call(ctx, guest.OpRead, guest.Path{Path: path}, &data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// WriteFile writes to an existing file of the guest, such as one in /sys.
func (s *Server) WriteFile(t testing.TB, path, text string) {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	if err := s.Runner.Guest().Call(ctx, guest.OpWrite, guest.Write{Path: path, Data: []byte(text)}, nil); err != nil {
		t.Fatal(err)
	}
}

// Exec runs a program in the guest and returns what it printed. Another exit code than 0 is an error.
func (s *Server) Exec(ctx context.Context, path string, args ...string) (string, error) {
	var out bytes.Buffer
	exit, err := s.Runner.Guest().Exec(ctx, guest.Exec{Path: path, Args: args}, &out, &out)
	if err == nil && exit.Code != 0 {
		err = fmt.Errorf("%s in the guest: exit code %d", path, exit.Code)
	}
	return out.String(), err
}

// Shared is one machine for all tests of a package, booted by the first that asks.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Run runs the tests, ends the machine, and returns the exit code.
func (s *Shared) Run(m *testing.M) int {
	code := m.Run()
	if s.server != nil {
		if err := s.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "FAIL:", err)
			return max(code, 1)
		}
	}
	return code
}

// Server returns the machine.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	s.once.Do(func() {
		dir, err := os.MkdirTemp("", "kchat-vmtest-")
		if err != nil {
			s.err = err
			return
		}
		s.server, s.err = boot(dir, nil)
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}
