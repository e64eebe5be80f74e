// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/server/kept"
	"kchat/server/relay"
	"kchat/server/vm"
)

// How a microVM that died is started again.
const (
	restartFirst = 100 * time.Millisecond
	restartMost  = 10 * time.Second
	// livedWell is how long a machine must have run for the next restart to be quick again.
	livedWell = 10 * time.Second
)

// requestsWaiting is how many account requests may wait for the disk; more are left to time out in the kernel.
const requestsWaiting = 1024

// How a kernel that hangs is noticed: it is asked this often, and must answer within the limit.
const (
	checkEvery = 15 * time.Second
	checkWait  = 30 * time.Second
)

// confirmWait is how long a server that has just been started may take to greet: a machine that has much to do boots, and
// serves, slowly.
const confirmWait = time.Minute

// answerWait is how long the kernel may take to hear about one account.
const answerWait = 10 * time.Second

// stopWait is how long an orderly end may take.
const stopWait = 20 * time.Second

// Logs is where a Runner writes.
type Logs struct {
	Server  *slog.Logger
	Kernel  func(guest.Kmsg) // gets the kernel's log, line by line; must not wait
	Console io.Writer        // gets what a dying kernel prints
}

// Runner is a server: the module in a kernel, the accounts, and what keeps both together.
type Runner struct {
	cfg      Config
	logs     Logs
	store    *accounts.Store
	rooms    *kept.Store
	changed  *changedRooms // not in rooms yet
	requests chan genl.Request
	door     *relay.Relay // the port, where the microVM's own is not what people reach; nil in native mode

	shared follow // of the accounts file; of the goroutine of Run

	watchers watchers

	mu       sync.Mutex // protects what follows; held over calls to the kernel, which are quick
	found    discovery
	peers    peers
	who      identity                    // since the last start
	backend  backend                     // nil while none runs
	pushed   map[uint64]accounts.Account // what the kernel knows
	started  time.Time
	restarts int
}

// NewRunner prepares a server: its folders, its accounts, and its registered rooms.
func NewRunner(cfg Config, logs Logs) (*Runner, error) {
	if err := cfg.Paths.make(); err != nil {
		return nil, err
	}
	store, err := cfg.Paths.openAccounts(cfg.Accounts, cfg.Name)
	if err != nil {
		return nil, err
	}
	rooms, err := kept.Open(cfg.Paths.rooms())
	if err != nil {
		return nil, err
	}
	return &Runner{
		cfg: cfg, logs: logs, store: store, rooms: rooms, changed: newChangedRooms(), requests: make(chan genl.Request, requestsWaiting),
	}, nil
}

// Kernel gives orders to the module and asks it; nil while the server is not up.
func (r *Runner) Kernel() *genl.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return nil
	}
	return genl.NewClient(r.backend)
}

// Accounts is the store of the server. After a change, Sync tells the kernel.
func (r *Runner) Accounts() *accounts.Store { return r.store }

// Run runs the server until ctx ends, and calls ready each time it answers: at the start, and after each restart.
// An error means that it did not come up the first time, or did not end cleanly.
func (r *Runner) Run(ctx context.Context, ready func()) error {
	if err := r.openDoor(); err != nil {
		return err
	}
	defer r.closeDoor()
	r.openQuestions()
	defer r.closeQuestions()
	tending, stopTending := context.WithCancel(ctx)
	var tend sync.WaitGroup
	tend.Go(func() { r.tendPeers(tending) })
	defer tend.Wait()
	defer stopTending()
	b, err := r.start(ctx)
	if err != nil {
		return err
	}
	wait := restartFirst
	for {
		began := time.Now()
		ready()
		if err := r.watch(ctx, b); err != nil || ctx.Err() != nil {
			return err
		}
		if time.Since(began) > livedWell {
			wait = restartFirst
		}
		r.logs.Server.Warn("the microVM ended by itself", "after", time.Since(began))
		if b, wait = r.again(ctx, wait); b == nil {
			return nil
		}
	}
}

// openDoor listens for people, before the microVM is there and for as long as we run: while it is started again they
// wait at the door, and nobody else takes the port.
func (r *Runner) openDoor() error {
	if r.mode() == ModeNative {
		return nil
	}
	addr := netip.AddrPortFrom(r.cfg.Listen, r.cfg.Port)
	door, err := relay.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %s: %w", vm.ErrPortTaken, addr, err)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	r.door = door
	return nil
}

func (r *Runner) closeDoor() {
	if r.door != nil {
		r.door.Close()
	}
}

func (r *Runner) mode() Mode {
	if r.cfg.Mode == ModeAuto {
		return ChooseMode()
	}
	return r.cfg.Mode
}

// again starts until it succeeds, waiting longer each time. It returns nil when ctx has ended.
func (r *Runner) again(ctx context.Context, wait time.Duration) (backend, time.Duration) {
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, wait
		}
		wait = min(2*wait, restartMost)
		r.mu.Lock()
		r.restarts++
		r.mu.Unlock()
		b, err := r.start(ctx)
		if err == nil {
			return b, wait
		}
		r.logs.Server.Error("the server does not come up again", "error", err, "next try in", wait)
	}
}

// watch answers account requests, and keeps what changes of registered rooms, until ctx or the kernel ends.
func (r *Runner) watch(ctx context.Context, b backend) error {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	var save <-chan time.Time // nil: nothing is to be saved
	shared := time.NewTicker(sharedEvery)
	defer shared.Stop()
	for {
		select {
		case <-r.changed.poke:
			if save == nil {
				save = time.After(saveEvery)
			}
		case <-save:
			save = nil
			r.saveRooms(ctx, b)
		case request := <-r.requests:
			r.answer(ctx, b, request)
		case <-tick.C:
			r.checkUp(ctx, b)
		case <-shared.C:
			r.followAccounts(ctx)
		case <-b.gone():
			r.forget()
			return nil
		case <-ctx.Done():
			if r.door != nil {
				r.door.Refuse()
			}
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.patience(stopWait))
			defer cancel()
			saved := r.saveAllRooms(stop, b)
			r.forget()
			return errors.Join(saved, b.stop(stop))
		}
	}
}

// checkUp ends a kernel that hangs, so that it is started again.
func (r *Runner) checkUp(ctx context.Context, b backend) {
	limit, cancel := context.WithTimeout(ctx, r.cfg.patience(checkWait))
	defer cancel()
	if err := b.check(limit); err != nil && ctx.Err() == nil {
		r.logs.Server.Error("the kernel does not react and is ended", "error", err)
		b.kill()
	}
}

func (r *Runner) forget() {
	if r.door != nil {
		r.door.Shut()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.shut()
	r.backend = nil
}

// start brings up a kernel with the module in it, which then answers on the port.
func (r *Runner) start(ctx context.Context) (backend, error) {
	b, err := r.newBackend(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.startModule(ctx, b); err != nil {
		r.forget()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.patience(stopWait))
		defer cancel()
		if stopErr := b.stop(stop); stopErr != nil {
			r.logs.Server.Warn("after a failed start", "error", stopErr)
		}
		return nil, err
	}
	return b, nil
}

func (r *Runner) newBackend(ctx context.Context) (backend, error) {
	h := hooks{
		kmsg: r.logs.Kernel,
		request: func(request genl.Request) {
			if request.Room != "" && request.Cookie == 0 {
				r.changed.add(request.Room)
				return
			}
			select {
			case r.requests <- request:
			default:
			}
		},
		event: r.watchers.tell,
	}
	if r.door == nil {
		return startNative(r.cfg, h)
	}
	return startVM(ctx, r.cfg, r.logs.Console, h)
}

// startModule gives the module what it needs, accounts first, so that nobody is refused who has one.
func (r *Runner) startModule(ctx context.Context, b backend) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	data, who, err := r.cfg.Paths.begin(r.store, r.cfg.Name, time.Now())
	if err != nil {
		return err
	}
	client, a := genl.NewClient(b), b.about()
	pushed := map[uint64]accounts.Account{}
	if err := push(ctx, client, pushed, data.Accounts); err != nil {
		return err
	}
	if len(a.proxies) > 0 {
		if err := liftAnswersLimit(ctx, client); err != nil {
			return err
		}
	}
	if err := b.serve(ctx); err != nil {
		return err
	}
	start := genl.Start{
		ServerUUID: who.Server, CommunityUUID: data.Community, Name: who.Name, Generation: who.Generation,
		Iterations: data.Iterations, Port: a.port, OuterPort: r.cfg.Port, Addr: a.listen, Register: registration,
		UDPPort: r.innerUDPPort(), ProxyFrom: a.proxies, CommunitySecret: data.Shared,
	}
	copy(start.Secret[:], data.Secret)
	start.Successor = r.startPeers(ctx, client, a, relay.Community{Server: who.Server, Secret: data.Shared})
	if err := r.startAndAnswer(ctx, client, start, data.Accounts); err != nil {
		return err
	}
	if r.door != nil {
		r.door.Open(a.inner)
	}
	if err := r.confirm(ctx, who.Server); err != nil {
		return err
	}
	if err := r.watchAgain(ctx, b); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.backend, r.pushed, r.started, r.who = b, pushed, time.Now(), who
	r.found.open(a.inner)
	r.logs.Server.Info("the server is up", "mode", string(a.mode), "kernel", a.release, "generation", who.Generation,
		"address", netip.AddrPortFrom(r.cfg.Listen, r.cfg.Port))
	return nil
}

// confirm asks for a WELCOME over the port that people will use: the module's word alone would not show whether the
// way to it is open.
func (r *Runner) confirm(ctx context.Context, want accounts.UUID) error {
	welcome, err := probe(ctx, netip.AddrPortFrom(reachable(r.cfg.Listen), r.cfg.Port), r.cfg.patience(confirmWait))
	if err != nil {
		return fmt.Errorf("the module was started but does not answer: %w", err)
	}
	if accounts.UUID(welcome.Server) != want {
		return fmt.Errorf("another server (%s, %s) answers on port %d", welcome.Name, accounts.UUID(welcome.Server), r.cfg.Port)
	}
	return nil
}

// answer decides one request of the module.
func (r *Runner) answer(ctx context.Context, b backend, request genl.Request) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.patience(answerWait))
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	decision := genl.Decision{Cookie: request.Cookie}
	if request.Room != "" {
		decision.Error = r.decideRoom(ctx, genl.NewClient(b), request)
		r.tell(ctx, b, decision)
		return
	}
	account, number := answer(r.store, registration, request, time.Now())
	decision.Error = number
	if account != nil {
		decision.Account = account.Number
		if err := genl.NewClient(b).SetAccount(ctx, account.ForKernel()); err != nil {
			r.logs.Server.Error("the kernel does not take an account", "account", account.Number, "error", err)
			decision.Error = errorNumber(err)
			r.takeBack(request, account)
		} else {
			r.pushed[account.Number] = *account
		}
	}
	r.tell(ctx, b, decision)
}

func (r *Runner) tell(ctx context.Context, b backend, decision genl.Decision) {
	if err := b.decide(ctx, decision); err != nil && !errors.Is(err, context.Canceled) {
		r.logs.Server.Error("a decision did not reach the kernel", "error", err)
	}
}

// takeBack deletes an account that the kernel does not take: its name must not stay taken, and the next start would
// fail over it.
func (r *Runner) takeBack(request genl.Request, account *accounts.Account) {
	if request.Account != 0 {
		return // it was there before
	}
	err := r.store.Update(func(d *accounts.Data) error {
		_, err := d.Delete(account.Login)
		return err
	})
	if err != nil {
		r.logs.Server.Error("an account that the kernel does not take stays in the file", "account", account.Number, "error", err)
	}
}

// Sync tells the kernel what changed in the accounts file.
func (r *Runner) Sync(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return nil // the next start reads the file
	}
	data, err := r.store.Read()
	if err != nil {
		return err
	}
	return push(ctx, genl.NewClient(r.backend), r.pushed, data.Accounts)
}
