// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/e2e/driver"
	"kchat/e2e/netns"
	"kchat/server/route"
)

// The two ends of the cable: the server's, and the one in the network namespace of the people.
const (
	nearEnd     = "fault0"
	farEnd      = "fault1"
	cablePrefix = 24
)

func nearAddress() [4]byte { return [4]byte{192, 0, 2, 1} }
func farAddress() [4]byte  { return [4]byte{192, 0, 2, 2} }

// cable leads from the server's network namespace to one of its own.
type cable struct{ far int } // a file that names the namespace, and keeps it

// in runs a function in the far namespace.
func (c *cable) in(run func() error) error { return netns.In(c.far, run) }

// layCable makes the namespace and the cable, with an address at either end.
func layCable() (*cable, error) {
	if err := driver.Load("veth", "sch_netem"); err != nil {
		return nil, err
	}
	c := &cable{}
	if err := netns.New(func() (err error) { c.far, err = netns.Open(); return err }); err != nil {
		return nil, err
	}
	conn, err := route.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.AddVeth(nearEnd, farEnd, c.far); err != nil {
		return nil, fmt.Errorf("lay a cable: %w", err)
	}
	return c, errors.Join(c.plug(false), c.plug(true))
}

// at runs a function where one end of the cable is, with its interface.
func (c *cable) at(far bool, do func(*route.Conn, *net.Interface) error) error {
	there, name := func(run func() error) error { return run() }, nearEnd
	if far {
		there, name = c.in, farEnd
	}
	return there(func() error { return route.WithLink(name, do) })
}

// plug gives an end its address and brings it up.
func (c *cable) plug(far bool) error {
	address := nearAddress()
	if far {
		address = farAddress()
	}
	return c.at(far, func(conn *route.Conn, link *net.Interface) error {
		if err := conn.AddAddress(link.Index, address, cablePrefix); err != nil {
			return fmt.Errorf("give %s its address: %w", link.Name, err)
		}
		return conn.Up(link.Index)
	})
}

// remove takes the cable away, and with it the way to the namespace.
func (c *cable) remove() error {
	err := c.at(false, func(conn *route.Conn, link *net.Interface) error { return conn.Delete(link.Index) })
	return errors.Join(err, unix.Close(c.far))
}

// dial connects from the far end.
func (c *cable) dial(ctx context.Context, address string) (conn *net.TCPConn, err error) {
	err = c.in(func() error {
		got, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			conn = got.(*net.TCPConn)
		}
		return err
	})
	return conn, err
}

// weather is what a queueing discipline of the kind netem does to packets (tc-netem(8)); shares are of 1.
type weather struct {
	delayNS, jitterNS             int64
	loss, double, reorder, damage float64
	seed                          uint64 // of what is left to chance; kernels before 6.6 take none
}

// Of struct tc_netem_qopt and its attributes, linux/pkt_sched.h.
const (
	tcHandle       = 1 << 16
	tcRoot         = 0xffffffff // TC_H_ROOT
	netemLimit     = 1000       // packets that wait
	attrKind       = 1          // TCA_KIND, TCA_OPTIONS
	attrOptions    = 2
	netemReorder   = 3 // TCA_NETEM_*
	netemCorrupt   = 4
	netemLatency64 = 10
	netemJitter64  = 11
	netemSeed      = 14
)

func share(of float64) uint32 { return uint32(of * (1<<32 - 1)) }

// message is struct tcmsg with the options of netem for one interface.
func (w weather) message(index int) ([]byte, error) {
	native := binary.NativeEndian
	pair := func(v float64) []byte { // struct tc_netem_reorder, tc_netem_corrupt: probability and correlation
		return native.AppendUint32(native.AppendUint32(nil, share(v)), 0)
	}
	options := make([]byte, 24) // latency, limit, loss, gap, duplicate, jitter
	native.PutUint32(options[4:], netemLimit)
	native.PutUint32(options[8:], share(w.loss))
	if w.reorder > 0 {
		native.PutUint32(options[12:], 1) // each packet may overtake those that wait
	}
	native.PutUint32(options[16:], share(w.double))
	inner := netlink.NewAttributeEncoder()
	inner.Bytes(netemReorder, pair(w.reorder))
	inner.Bytes(netemCorrupt, pair(w.damage))
	inner.Int64(netemLatency64, w.delayNS)
	inner.Int64(netemJitter64, w.jitterNS)
	inner.Uint64(netemSeed, w.seed)
	attrs, err := inner.Encode()
	if err != nil {
		return nil, err
	}
	outer := netlink.NewAttributeEncoder()
	outer.String(attrKind, "netem")
	outer.Bytes(attrOptions, append(options, attrs...))
	tail, err := outer.Encode()
	head := make([]byte, 20) // family, index, handle, parent, info
	native.PutUint32(head[4:], uint32(index))
	native.PutUint32(head[8:], tcHandle)
	native.PutUint32(head[12:], tcRoot)
	return append(head, tail...), err
}

// forecast sets the weather at both ends of the cable.
func (c *cable) forecast(w weather) error {
	for _, far := range []bool{false, true} {
		err := c.at(far, func(_ *route.Conn, link *net.Interface) error {
			message, err := w.message(link.Index)
			if err != nil {
				return err
			}
			conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			if err != nil {
				return fmt.Errorf("open a route netlink socket: %w", err)
			}
			defer conn.Close()
			_, err = conn.Execute(netlink.Message{
				Header: netlink.Header{Type: unix.RTM_NEWQDISC, Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Replace},
				Data:   message,
			})
			if err != nil {
				return fmt.Errorf("set the weather of %s: %w", link.Name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
