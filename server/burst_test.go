// SPDX-License-Identifier: GPL-2.0-only

package server_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"kchat/server/vmtest"
	"kchat/wire"
)

// greet connects and waits for WELCOME.
func greet(addr string, limit time.Duration) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(limit))
	hello := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version, Agent: "test"})
	_, err = conn.Write(hello)
	if err == nil {
		_, err = wire.NewReader(conn).Next()
	}
	if err != nil {
		_ = conn.Close()
	}
	return conn, err
}

// burst is how many clients come at once, and clientPatience how long a client waits for WELCOME; unheard is when one here
// gives up, on a host that has much else to do.
const (
	burst          = 200
	clientPatience = 5 * time.Second
	unheard        = 2 * time.Minute
)

func TestManyWhoConnectAtOnceAreAllGreetedQuickly(t *testing.T) {
	s := shared.Server(t)
	type result struct {
		conn net.Conn
		took time.Duration
		err  error
	}
	results := make(chan result, burst)
	watch := s.Stopwatch(t)
	for range burst {
		go func() {
			began := time.Now()
			conn, err := greet(s.Addr, unheard)
			results <- result{conn, time.Since(began), err}
		}()
	}
	var took []time.Duration
	for range burst {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		defer r.conn.Close()
		took = append(took, r.took)
	}
	if last := watch.Took(t); last > clientPatience*time.Duration(max(1, vmtest.Slowness())) {
		t.Errorf("the last one is greeted after %v", last)
	}
	slices.Sort(took)
	if len(took) > 0 {
		t.Logf("WELCOME after %v (median), %v (last)", took[len(took)/2], took[len(took)-1])
	}
}
