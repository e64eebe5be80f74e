// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"kchat/server/genl"
)

// The orders that a running server takes over its control socket, one a connection.
const (
	orderStatus  = "status"
	orderConfig  = "config" // what it was started with
	orderSync    = "sync"   // the accounts file changed
	orderStop    = "stop"   // the answer comes when the server has ended
	orderEther   = "ether"
	orderPeers   = "peers"
	orderPeerAdd = "peer add"
	orderPeerDel = "peer del"
	orderDrain   = "drain"

	// What an operator asks for and orders, admin.go.
	orderRooms    = "rooms"
	orderSessions = "sessions"
	orderLimits   = "limits"
	orderLimit    = "limit"
	orderKick     = "kick"
	orderRule     = "rule"
	orderPeople   = "standings"
	orderNotKept  = "unregister"
	orderWatch    = "watch" // answered at once, and then with each event, until the connection ends
)

// controlWait is how long an order may take; stopping is the slowest.
const controlWait = 30 * time.Second

type order struct {
	Do    string      `json:"do"`
	Ether *etherOrder `json:"ether,omitempty"`
	Limit *Limit      `json:"limit,omitempty"`
	Kick  *Kick       `json:"kick,omitempty"`
	Rule  *genl.Order `json:"rule,omitempty"`
	Room  string      `json:"room,omitempty"` // of standings (empty: all) and unregister
	Peer  *PeerOrder  `json:"peer,omitempty"`
	Drain *DrainOrder `json:"drain,omitempty"`
}

type reply struct {
	Error string          `json:"error,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
}

// ErrNotRunning says that no server of this user runs at the port.
var ErrNotRunning = errors.New("no server is running")

// control serves a Runner's control socket.
type control struct {
	runner *Runner
	stop   context.CancelFunc
	ending context.Context // ends when the runner is told to stop
	done   <-chan struct{} // closed when the runner has ended
	busy   sync.WaitGroup  // orders being answered
}

func listenControl(path string) (net.Listener, error) {
	// Whoever calls this holds the lock, so a socket that is there belongs to a server that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove an old control socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	return listener, nil
}

// serve answers orders until the listener is closed.
func (c *control) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		c.busy.Go(func() { c.obey(conn) })
	}
}

func (c *control) obey(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(controlWait))
	var o order
	if err := json.NewDecoder(conn).Decode(&o); err != nil {
		return
	}
	if o.Do == orderWatch {
		c.watch(conn)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), controlWait)
	defer cancel()
	data, err := c.do(ctx, o)
	var r reply
	if err == nil {
		r.Data, err = json.Marshal(data)
	}
	if err != nil {
		r.Error = err.Error()
	}
	_ = json.NewEncoder(conn).Encode(r)
}

func (c *control) do(ctx context.Context, o order) (any, error) {
	switch o.Do {
	case orderStatus:
		return c.runner.Status(ctx)
	case orderConfig:
		return c.runner.cfg, nil
	case orderSync:
		return nil, c.runner.Sync(ctx)
	case orderStop:
		c.stop()
		<-c.done
		return nil, nil
	case orderEther:
		if o.Ether != nil {
			return nil, c.runner.SetEther(ctx, o.Ether.Name, o.Ether.On)
		}
	case orderNotKept:
		return nil, c.runner.unregister(ctx, o.Room)
	case orderPeers:
		return c.runner.Peers(ctx)
	case orderPeerAdd:
		if o.Peer != nil {
			return c.runner.AddPeer(ctx, *o.Peer)
		}
	case orderPeerDel:
		if o.Peer != nil {
			return nil, c.runner.DeletePeer(ctx, o.Peer.Name)
		}
	case orderDrain:
		if o.Drain != nil {
			return nil, c.runner.Drain(ctx, *o.Drain)
		}
	case orderRooms, orderSessions, orderLimits, orderLimit, orderKick, orderRule, orderPeople:
		return c.runner.administer(ctx, o)
	}
	return nil, fmt.Errorf("unknown order %q", o.Do)
}

func dialControl(ctx context.Context, path string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("reach the server: %w", err)
	}
	return conn, nil
}

// ask gives an order to the server whose control socket is at path. ErrNotRunning: there is none.
func ask(ctx context.Context, path, what string, result any) error {
	return command(ctx, path, order{Do: what}, result)
}

// command is ask for an order that says more than its name.
func command(ctx context.Context, path string, o order, result any) error {
	conn, err := dialControl(ctx, path)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(o); err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	var r reply
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return fmt.Errorf("wait for the server's answer: %w", errors.Join(err, ctx.Err()))
	}
	if r.Error != "" {
		return fmt.Errorf("the server says: %s", r.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(r.Data, result); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}
