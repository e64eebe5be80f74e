// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"kchat/wire"
)

// drip is how often a stranger says one more byte of a HELLO.
const drip = 50 * time.Millisecond

// strangers holds so many connections that say a byte now and then, connects anew whenever the server ends one, and logs
// in beside them, time and again. It prints the median and the longest of what logging in took.
func strangers(ctx context.Context, p plan) error {
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	there := make(chan struct{}, p.people)
	for range p.people {
		group.Go(func() { dripping(ctx, p.addr, there) })
	}
	for range p.people {
		select {
		case <-there:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var k keyring
	var took []int64
	for range p.messages {
		began := time.Now()
		if err := p.comeIn(ctx, &k); err != nil {
			return err
		}
		took = append(took, int64(time.Since(began)))
	}
	slices.Sort(took)
	fmt.Printf("login %d %d\n", took[len(took)/2], took[len(took)-1])
	return nil
}

// comeIn logs in, however often it takes: among so many strangers the oldest gives way, which may be us.
func (p plan) comeIn(ctx context.Context, k *keyring) error {
	for tries := 1; ; tries++ {
		who, err := p.enter(k, 0)
		if err == nil {
			return who.Close()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("not in after %d tries: %w", tries, err)
		}
	}
}

// dripping is one stranger after the other. The first byte of each is told once.
func dripping(ctx context.Context, addr string, there chan<- struct{}) {
	hello := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version, Agent: "slow"})
	var once sync.Once
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		end := context.AfterFunc(ctx, func() { _ = conn.Close() })
		for _, b := range hello {
			if _, err := conn.Write([]byte{b}); err != nil {
				break
			}
			once.Do(func() { there <- struct{}{} })
			select {
			case <-time.After(drip):
			case <-ctx.Done():
			}
		}
		_, _ = conn.Read(make([]byte, 1)) // until the server has enough of it
		end()
		_ = conn.Close()
	}
}
