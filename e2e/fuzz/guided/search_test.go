// SPDX-License-Identifier: GPL-2.0-only

package guided

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// lock is a target that opens one byte after the other, and fails when all are right: no guess without coverage gets far.
type lock struct {
	secret  string
	reached []uint64
	runs    int
	over    context.CancelFunc
}

var errOpen = errors.New("it is open")

func (l *lock) Lines() int             { return 2 }
func (l *lock) Mend(Input, *rand.Rand) {}
func (l *lock) Places() (now []uint64) { now, l.reached = l.reached, nil; return now }
func (l *lock) Run(in Input) error {
	if l.runs++; l.runs == 150_000 {
		l.over()
	}
	for _, p := range in {
		for i := range len(l.secret) {
			if p.Line != 1 || i >= len(p.Data) || p.Data[i] != l.secret[i] {
				break
			}
			l.reached = append(l.reached, uint64(i))
			if i == len(l.secret)-1 {
				return errOpen
			}
		}
	}
	return nil
}

func search(t *testing.T, covered bool) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &lock{secret: "key", over: cancel}
	s := &Search{Target: l, Random: rand.New(rand.NewPCG(3, 4))}
	if covered {
		s.Coverage = l
	}
	return s.Run(ctx, []Input{{{Line: 1, Data: []byte("????????")}}})
}

func TestASearchFindsWhatChanceDoesNot(t *testing.T) {
	if err := search(t, true); !errors.Is(err, errOpen) {
		t.Errorf("with coverage: %v", err)
	}
	if err := search(t, false); err != nil {
		t.Errorf("without: %v", err)
	}
}

// steps reaches the places that its data names.
type steps struct{ now []uint64 }

func (s *steps) Lines() int             { return 1 }
func (s *steps) Mend(Input, *rand.Rand) {}
func (s *steps) Places() []uint64       { return s.now }
func (s *steps) Run(in Input) error {
	s.now = nil
	for _, p := range in {
		for _, b := range p.Data {
			s.now = append(s.now, uint64(b))
		}
	}
	return nil
}

func TestDistilKeepsWhatReachesAll(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	target := &steps{}
	s := &Search{Target: target, Coverage: target, Random: rand.New(rand.NewPCG(3, 4))}
	given := []Input{{{0, []byte{1}}}, {{0, []byte{1, 2}}}, {{0, []byte{1, 2, 3, 4}}}, {{0, []byte{5}}}}
	if err := s.Run(over, given); err != nil {
		t.Fatal(err)
	}
	few, err := s.Distil()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Format(few), "0 01\n\n0 05\n\n0 0102\n\n0 01020304\n\n"; got != want {
		t.Errorf("kept\n%swant\n%s", got, want)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	inputs := []Input{{{0, []byte("a")}, {200, nil}}, {{3, bytes.Repeat([]byte{7}, dataMax)}}}
	text := Format(inputs)
	got, err := Parse("# a remark\n" + text)
	if err != nil || Format(got) != text {
		t.Errorf("%q is read as %q, %v", text, Format(got), err)
	}
	for _, wrong := range []string{"x 00", "256 00", "1 0", "1 zz"} {
		if _, err := Parse("0 00\n" + wrong); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestWhatIsChangedStaysInItsBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	in, other := Input{{0, bytes.Repeat([]byte{1}, dataMax)}}, Input{{1, []byte{2}}}
	for range 20_000 {
		in = change(random, in, other, 3)
		if len(in) > packetsMax {
			t.Fatalf("%d packets", len(in))
		}
		for _, p := range in {
			if len(p.Data) > dataMax || p.Line > 2 {
				t.Fatalf("%d bytes over line %d", len(p.Data), p.Line)
			}
		}
		if random.IntN(50) == 0 {
			in = Input{}
		}
	}
}
