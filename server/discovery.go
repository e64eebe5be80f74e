// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/relay"
)

// Discovery says whether, and by whom, a server is found without its address (docs/discovery.md).
type Discovery struct {
	On     bool             `json:"on"`             // over UDP
	Port   uint16           `json:"port,omitempty"` // UDP
	Others bool             `json:"others"`         // other machines find it too
	Why    string           `json:"why,omitempty"`  // it is not on
	Ether  []genl.Interface `json:"ethernet"`       // interfaces on which it is found over Ethernet
}

// discovery is how a Runner is found.
type discovery struct {
	questions *relay.Questions // leads into the microVM; nil in native mode, and where it could not listen
	why       string           // it is not on
}

func (d *discovery) open(target netip.AddrPort) {
	if d.questions != nil {
		d.questions.Open(target)
	}
}

func (d *discovery) shut() {
	if d.questions != nil {
		d.questions.Shut()
	}
}

// openQuestions listens for questions on behalf of the microVM. A server that is not found still works, so that the
// port is taken is no reason not to start.
func (r *Runner) openQuestions() {
	if r.door == nil {
		return
	}
	questions, err := relay.Ask(r.cfg.Listen, r.cfg.udpPort())
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.notFound(err)
		return
	}
	r.found = discovery{questions: questions}
}

// notFound notes why discovery is off. Under the lock.
func (r *Runner) notFound(err error) {
	r.found.why = err.Error()
	r.logs.Server.Warn("discovery is off: nobody finds the server without its address", "error", err)
}

func (r *Runner) closeQuestions() {
	r.mu.Lock()
	questions := r.found.questions
	r.found.questions = nil
	r.mu.Unlock()
	if questions != nil {
		questions.Close()
	}
}

// innerUDPPort is the port that the module is to use: in a microVM always its own default, nil.
func (r *Runner) innerUDPPort() *uint16 {
	if r.door != nil || r.cfg.UDPPort == 0 {
		return nil
	}
	return &r.cfg.UDPPort
}

// startAndAnswer starts the module, without discovery if another program has the port of that.
func (r *Runner) startAndAnswer(ctx context.Context, client *genl.Client, start genl.Start, known []accounts.Account) error {
	// The rooms before each: they are there when somebody comes, and a start that fails forgets them.
	begin := func() error {
		if err := r.pushRooms(ctx, client, known); err != nil {
			return err
		}
		return client.Start(ctx, start)
	}
	err := begin()
	if r.door == nil && errors.Is(err, unix.EADDRINUSE) {
		start.UDPPort = new(uint16)
		if second := begin(); second != nil {
			return err // it was the other port
		}
		r.mu.Lock()
		r.notFound(fmt.Errorf("another program has UDP port %d", r.cfg.udpPort()))
		r.mu.Unlock()
		err = nil
	}
	if err == nil && r.door == nil {
		r.restoreEther(ctx, client)
	}
	return err
}

// discovery asks the module on which interfaces it answers; the rest we know.
func (r *Runner) discovery(ctx context.Context, b backend) (Discovery, error) {
	r.mu.Lock()
	found := r.found
	r.mu.Unlock()
	d := Discovery{On: found.why == "", Why: found.why, Ether: []genl.Interface{}}
	if d.On {
		d.Port, d.Others = r.cfg.udpPort(), !r.cfg.Listen.IsLoopback()
	}
	if b.about().mode != ModeNative {
		return d, nil
	}
	list, err := genl.NewClient(b).Ether(ctx)
	if err != nil {
		return Discovery{}, err
	}
	d.Ether = append(d.Ether, list...)
	return d, nil
}

// etherOrder switches discovery over Ethernet.
type etherOrder struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
}

// ErrNoInterfaces says that the server's kernel has no interfaces that lead anywhere.
var ErrNoInterfaces = errors.New("this server runs in a microVM, which has none of this machine's interfaces: " +
	"over Ethernet only a server in this kernel is found (kchat-tui server restart --mode native)")

// SetEther makes the server answer discovery on an interface, or no more, and remembers that.
func (r *Runner) SetEther(ctx context.Context, name string, on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return errors.New("the server is being started again")
	}
	if r.backend.about().mode != ModeNative {
		return ErrNoInterfaces
	}
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		return err
	}
	if err := genl.NewClient(r.backend).SetEther(ctx, name, on); err != nil {
		return err
	}
	s.Ethernet = slices.DeleteFunc(s.Ethernet, func(other string) bool { return other == name })
	if on {
		s.Ethernet = append(s.Ethernet, name)
	}
	return writeSettings(r.cfg.Paths, s)
}

// restoreEther switches on what was on before.
func (r *Runner) restoreEther(ctx context.Context, client *genl.Client) {
	s, err := readSettings(r.cfg.Paths)
	for _, name := range s.Ethernet {
		err = errors.Join(err, client.SetEther(ctx, name, true))
	}
	if err != nil {
		r.logs.Server.Error("discovery over Ethernet is not as it was", "error", err)
	}
}

// SetEther tells this user's server to answer discovery on an interface, or no more.
func SetEther(ctx context.Context, p Paths, name string, on bool) error {
	return command(ctx, p.control(), order{Do: orderEther, Ether: &etherOrder{Name: name, On: on}}, nil)
}
