// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"kchat/e2e/fuzz"
	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/vmtest"
	"kchat/wire"
)

// fuzzing is the seed of a fuzz test, which it prints, and how long it goes on: KCHAT_FUZZ_SEED and KCHAT_FUZZ_SECONDS
// say otherwise, and whether it is asked to go on for so long whatever it has seen.
func fuzzing(t *testing.T, usual time.Duration) (seed uint64, limit time.Duration, asked bool) {
	t.Helper()
	seed, limit = rand.Uint64(), usual
	var err error
	if s := os.Getenv("KCHAT_FUZZ_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("KCHAT_FUZZ_SEED: %v", err)
		}
	}
	if s := os.Getenv("KCHAT_FUZZ_SECONDS"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			t.Fatalf("KCHAT_FUZZ_SECONDS: %v", err)
		}
		limit, asked = time.Duration(seconds)*time.Second, true
	}
	t.Logf("KCHAT_FUZZ_SEED=%d, for %v", seed, limit)
	return seed, limit, asked
}

// bounds are the limits that change while players play: tight ones, and those of every day.
func bounds() map[string][2]uint64 {
	return map[string][2]uint64{
		"log_bytes": {64 << 10, 4 << 20}, "memory": {4 << 20, 64 << 20}, "window": {64 << 10, 1 << 20}, "control_bytes": {32 << 10, 128 << 10},
		"unsent_bytes": {4 << 10, 128 << 10}, "rooms_per_connection": {2, 128}, "members": {4, 2000}, "streams": {4, 1024},
		"streams_per_person": {1, 4}, "takers": {1, 2000}, "sessions": {16, 1000}, "session_ms": {500, 3000}, "login_ms": {1000, 5000},
		"stored_ms": {1, 1000}, "stall_ms": {1000, 5000}, "closing_ms": {10, 1000}, "room_idle_ms": {0, 1000}, "stream_linger_ms": {0, 1000},
		"stream_idle_ms": {200, 5000}, "stream_floor": {0, 1 << 20}, "failures_account": {10, 100_000}, "requests": {1, 64},
	}
}

// wanted are the answers that players get who come into every state.
var wanted = []wire.Type{
	wire.TypeWelcome, wire.TypeChallenge, wire.TypeAuthOK, wire.TypeJoined, wire.TypeMsg, wire.TypeAck, wire.TypeReoffer, wire.TypeDirect,
	wire.TypeStreamCredit, wire.TypeStreamStart, wire.TypeStreamChunk, wire.TypeStreamCancel,
}

// TestFuzzProtocol: players who know the protocol and break it, while an administrator changes limits and accounts, do
// not disturb two who talk. When all have gone, nothing of them is left, and the kernel has nothing to say. It ends when
// they have got 5,000 answers, and each kind of them, however long that takes; or when it was asked to.
func TestFuzzProtocol(t *testing.T) {
	t.Parallel()
	s := vmtest.Start(t)
	seed, limit, asked := fuzzing(t, 5*time.Minute)
	const players, people = 8, 6
	town := &fuzz.Town{Addr: s.Addr, Rooms: []string{"one", "two", "three", "four", "@1-2"}}
	for i, name := range s.AddUsers(t, "player", "password", people) {
		town.Accounts = append(town.Accounts, fuzz.Account{Number: uint64(i) + 1, Login: name, Password: "password"})
	}
	// They come before limits change, as people do.
	talkers, r := talkersOf(t, s)
	s.SetParam(t, "session_ms", 3000) // the bound of the slow: a session that ends before an order comes would stay for minutes

	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if !asked {
		town.Wanted, town.Answers, town.Enough = wanted, 5000, cancel
	}
	ended := make(chan error, players+2)
	for i := range uint64(players) {
		go func() { ended <- fuzz.NewPlayer(town, seed, i).Run(ctx) }()
	}
	go func() { ended <- administer(ctx, s, rand.New(rand.NewPCG(seed, players)), town.Accounts) }()
	go func() { ended <- undisturbed(ctx, talkers, r) }()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
			cancel()
		}
	}

	seen, refused := town.Seen()
	errorNames := map[string]int{}
	for number, n := range refused {
		errorNames[number.Name()] = n
	}
	t.Logf("answers: %v\nerrors: %v", seen, errorNames)
	for _, kind := range wanted {
		if seen[kind] == 0 {
			t.Errorf("the players have never got as far as %v", kind)
		}
	}
	for name, value := range map[string]uint64{
		"session_ms": 500, "silence_ms": 500, "lost_ms": 1000, "room_idle_ms": 0, "stream_idle_ms": 200, "stream_linger_ms": 0, "closing_ms": 10,
	} {
		s.SetParam(t, name, value)
	}
	for _, counter := range []uint16{wire.CounterConnections, wire.CounterStreams, wire.CounterSessions, wire.CounterRooms} {
		eventually(t, wire.CounterName(counter)+" that are all gone", func() bool { return status(t, s).Counters[counter] == 0 })
	}
	eventually(t, "memory that is given back", func() bool { return status(t, s).Counters[wire.CounterLogBytes] == 0 })
	unload(t, s)
	reload(t, s)
}

// administer changes limits and accounts, and looks at everything there is to see.
func administer(ctx context.Context, s *vmtest.Server, random *rand.Rand, accounts []fuzz.Account) error {
	k, limits := s.Runner.Kernel(), bounds()
	names := slices.Sorted(maps.Keys(limits))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
		ctx, cancel := s.Timeout(time.Minute)
		name := names[random.IntN(len(names))]
		err := order(ctx, k, random, genl.Param{Name: name, Value: limits[name][random.IntN(2)]}, accounts)
		cancel()
		if err != nil {
			return err
		}
	}
}

// order does one thing that an administrator may do: most often it sets the limit.
func order(ctx context.Context, k *genl.Client, random *rand.Rand, limit genl.Param, accounts []fuzz.Account) error {
	switch random.IntN(8) {
	case 0:
		_, err := k.Sessions(ctx)
		return err
	case 1:
		_, err := k.Rooms(ctx)
		return err
	case 2:
		_, err := k.Status(ctx)
		return err
	case 3: // somebody is thrown out, and comes back
		a := accounts[random.IntN(len(accounts))]
		keys, err := wire.DeriveKeys(a.Password, [wire.SaltLen]byte{byte(random.Uint32())}, wire.IterationsMin)
		if err != nil {
			return err
		}
		if random.IntN(4) == 0 {
			if err := k.DeleteAccount(ctx, a.Number); err != nil {
				return err
			}
		}
		return k.SetAccount(ctx, genl.Account{
			Number: a.Number, Name: a.Login, Login: a.Login, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
			Flags: random.Uint32N(4),
		})
	}
	return k.SetParam(ctx, limit.Name, limit.Value)
}

// talkersOf are two people in a room of their own.
func talkersOf(t *testing.T, s *vmtest.Server) (both []*peer.Conn, r *peer.Room) {
	t.Helper()
	for _, login := range s.AddUsers(t, "talker", "password", 2) {
		w := greetAt(t, s.Addr)
		w.ok(w.Login(login, "password"))
		w.KeepAlive(time.Second)
		r = w.join("undisturbed")
		both = append(both, w.Conn)
	}
	return both, r
}

// undisturbed has two talk: what one says the other hears, once and in order.
func undisturbed(ctx context.Context, both []*peer.Conn, r *peer.Room) error {
	defer func() {
		for _, c := range both {
			_ = c.Close()
		}
	}()
	seq := r.Seq
	for i := 0; ctx.Err() == nil; i++ {
		id, text := peer.NewID(), fmt.Sprint("undisturbed ", i)
		if err := said(both[0], r.Number, id, text); err != nil {
			return fmt.Errorf("message %d of the two who talk: %w", i, err)
		}
		f, err := both[1].Find(world.slow(patience), func(f peer.Frame) bool { return f.Type.Lasting() || f.Type == wire.TypeError })
		if err != nil {
			return fmt.Errorf("message %d of the two who talk: %w", i, err)
		}
		if f.ID != id || f.Seq != seq+1 {
			return fmt.Errorf("message %d of the two who talk has the sequence %d after %d, and it is %v", i, f.Seq, seq, f.Type)
		}
		seq = f.Seq
	}
	return nil
}

// said says something until it is taken: where memory is short, the server asks to be asked again.
func said(c *peer.Conn, room uint32, id wire.ID, text string) error {
	for {
		if err := c.Say(room, id, text); err != nil {
			return err
		}
		f, err := c.Find(world.slow(patience), func(f peer.Frame) bool { return f.ID == id })
		if err != nil {
			return err
		}
		if f.Type == wire.TypeMsg {
			return nil
		}
		if e, err := wire.ParseError(f.Body); f.Type != wire.TypeError || err != nil || e.Number != wire.ErrBusy {
			return errors.Join(&peer.Unexpected{Want: wire.TypeMsg, Got: f}, err)
		}
	}
}
