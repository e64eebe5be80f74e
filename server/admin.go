// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"time"

	"kchat/server/genl"
	"kchat/wire"
)

// Kick says whose sessions end: one, or all of an account.
type Kick struct {
	Session uint64 `json:"session,omitempty"`
	Account uint64 `json:"account,omitempty"`
}

// Limit is a new value of a limit.
type Limit struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}

// GetRooms lists the rooms of this user's server.
func GetRooms(ctx context.Context, p Paths) (list []genl.Room, err error) {
	err = command(ctx, p.control(), order{Do: orderRooms}, &list)
	return list, err
}

// GetSessions lists who is logged in.
func GetSessions(ctx context.Context, p Paths) (list []genl.Session, err error) {
	err = command(ctx, p.control(), order{Do: orderSessions}, &list)
	return list, err
}

// GetLimits lists the limits of the module.
func GetLimits(ctx context.Context, p Paths) (list []genl.Param, err error) {
	err = command(ctx, p.control(), order{Do: orderLimits}, &list)
	return list, err
}

// SetLimit changes a limit while the server runs. It is forgotten when the server stops.
func SetLimit(ctx context.Context, p Paths, limit Limit) error {
	return command(ctx, p.control(), order{Do: orderLimit, Limit: &limit}, nil)
}

// EndSessions ends sessions, whose people hear KICKED.
func EndSessions(ctx context.Context, p Paths, kick Kick) error {
	return command(ctx, p.control(), order{Do: orderKick, Kick: &kick}, nil)
}

// GetStandings lists whom rooms remember: one room, or, if that is empty, all.
func GetStandings(ctx context.Context, p Paths, room string) (list []genl.Standing, err error) {
	err = command(ctx, p.control(), order{Do: orderPeople, Room: room}, &list)
	return list, err
}

// RuleInRoom bans or mutes somebody in a room, or lifts that, past all roles.
func RuleInRoom(ctx context.Context, p Paths, rule genl.Order) error {
	return command(ctx, p.control(), order{Do: orderRule, Rule: &rule}, nil)
}

// Unregister ends the registration of a room.
func Unregister(ctx context.Context, p Paths, room string) error {
	return command(ctx, p.control(), order{Do: orderNotKept, Room: room}, nil)
}

// Watch calls tell with each thing that happens on this user's server, until ctx ends or the server stops.
func Watch(ctx context.Context, p Paths, tell func(genl.Event) error) error {
	conn, err := dialControl(ctx, p.control())
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(order{Do: orderWatch}); err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	in := json.NewDecoder(conn)
	var r reply
	for {
		r = reply{}
		if err := in.Decode(&r); err != nil {
			return watchEnd(ctx, err)
		}
		if r.Error != "" {
			return fmt.Errorf("the server says: %s", r.Error)
		}
		if r.Data == nil {
			continue // it has begun
		}
		var e genl.Event
		if err := json.Unmarshal(r.Data, &e); err != nil {
			return fmt.Errorf("read what the server tells: %w", err)
		}
		if err := tell(e); err != nil {
			return err
		}
	}
}

func watchEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the server has stopped")
	}
	return fmt.Errorf("wait for what the server tells: %w", err)
}

// kernel is Kernel, or an error for people.
func (r *Runner) kernel() (*genl.Client, error) {
	if k := r.Kernel(); k != nil {
		return k, nil
	}
	return nil, errors.New("the server is being started again")
}

// administer does what an operator orders.
func (r *Runner) administer(ctx context.Context, o order) (any, error) {
	k, err := r.kernel()
	if err != nil {
		return nil, err
	}
	switch o.Do {
	case orderRooms:
		return k.Rooms(ctx)
	case orderSessions:
		return k.Sessions(ctx)
	case orderLimits:
		return k.Params(ctx)
	case orderPeople:
		list, err := k.Standings(ctx, o.Room)
		if errors.Is(err, syscall.ENOENT) {
			return nil, noRoom(o.Room)
		}
		return list, err
	case orderRule:
		if o.Rule != nil {
			return nil, rule(ctx, k, *o.Rule)
		}
	case orderLimit:
		if o.Limit != nil {
			return nil, setLimit(ctx, k, *o.Limit)
		}
	case orderKick:
		if o.Kick != nil {
			return nil, kick(ctx, k, *o.Kick)
		}
	}
	return nil, fmt.Errorf("unknown order %q", o.Do)
}

func kick(ctx context.Context, k *genl.Client, who Kick) error {
	err := k.Kick(ctx, who.Session, who.Account)
	if !errors.Is(err, syscall.ENOENT) {
		return err
	}
	if who.Session != 0 {
		return fmt.Errorf("there is no session %d", who.Session)
	}
	return fmt.Errorf("account %d has no session", who.Account)
}

func noRoom(name string) error {
	return fmt.Errorf("there is no room %s now: \"kchat-tui admin rooms\" shows all", name)
}

// rule carries out an order in a room; what the kernel refuses is said in words.
func rule(ctx context.Context, k *genl.Client, o genl.Order) error {
	err := k.Order(ctx, o)
	switch {
	case errors.Is(err, syscall.ESRCH):
		return fmt.Errorf("this account is not in %s: only a ban holds for somebody who is elsewhere", o.Room)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s remembers as many accounts as the limit room_rules allows", o.Room)
	case !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EINVAL):
		return err
	}
	rooms, listErr := k.Rooms(ctx)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	i := slices.IndexFunc(rooms, func(r genl.Room) bool { return r.Name == o.Room })
	switch {
	case i < 0:
		return noRoom(o.Room)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("the server does not know account %d", o.Account)
	case rooms[i].Flags&wire.RoomDirect != 0:
		return fmt.Errorf("%s is a room of two, which has no rules", o.Room)
	}
	accounts, listErr := k.Accounts(ctx)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	if slices.ContainsFunc(accounts, func(a genl.Account) bool { return a.Number == o.Account && a.Flags&genl.FlagAdmin != 0 }) {
		return errors.New("no ban or mute holds for an account with the flag ADMIN, which comes in past every rule")
	}
	return err
}

func setLimit(ctx context.Context, k *genl.Client, limit Limit) error {
	err := k.SetParam(ctx, limit.Name, limit.Value)
	if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ERANGE) {
		return err
	}
	params, listErr := k.Params(ctx)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	for _, p := range params {
		if p.Name == limit.Name {
			return fmt.Errorf("%s can be from %d to %d, not %d", p.Name, p.Min, p.Max, limit.Value)
		}
	}
	return fmt.Errorf("there is no limit named %q", limit.Name)
}

// watch tells one client what happens until it goes or the server ends.
func (c *control) watch(conn net.Conn) {
	_ = conn.SetDeadline(time.Time{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, conn) // its end is what it says; ours ends this too
	}()
	stop := context.AfterFunc(c.ending, cancel)
	defer stop()
	out := json.NewEncoder(conn)
	send := func(r reply) error {
		_ = conn.SetWriteDeadline(time.Now().Add(controlWait))
		return out.Encode(r)
	}
	err := c.runner.Watch(ctx, func() error { return send(reply{}) }, func(e genl.Event) error {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return send(reply{Data: data})
	})
	if ctx.Err() == nil {
		_ = send(reply{Error: err.Error()})
	}
}
