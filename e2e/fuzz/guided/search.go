// SPDX-License-Identifier: GPL-2.0-only

package guided

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Target is what is fuzzed.
type Target interface {
	// Lines is how many lines it has.
	Lines() int
	// Mend may repair what else would always stop a changed input at the same place: a length, a checksum.
	Mend(in Input, random *rand.Rand)
	// Run sends an input, and returns when the target is done with it. An error is a find.
	Run(in Input) error
}

// Coverage says which places of the code were reached since it was asked last.
type Coverage interface {
	Places() []uint64
}

// Search looks for inputs that reach new places. Without Coverage it makes inputs of those it has been given.
type Search struct {
	Target   Target
	Coverage Coverage // nil: none
	Random   *rand.Rand
	Before   func(Input) // if not nil, is told each input before it is run

	Runs   int
	reach  map[uint64]bool
	corpus []Input
}

// Places is how many places were reached so far.
func (s *Search) Places() int { return len(s.reach) }

// Run runs what is given, and then what it makes of it, until ctx is over. It fails when the target does.
func (s *Search) Run(ctx context.Context, given []Input) error {
	if len(given) == 0 {
		return errors.New("there is nothing to begin with")
	}
	s.reach = map[uint64]bool{}
	for _, in := range given {
		if err := s.try(in); err != nil {
			return fmt.Errorf("%w, after\n%s", err, in)
		}
	}
	if s.Coverage == nil || len(s.corpus) == 0 {
		s.corpus = slices.Clone(given)
	}
	for ctx.Err() == nil {
		in := change(s.Random, s.any(), s.any(), s.Target.Lines())
		s.Target.Mend(in, s.Random)
		if err := s.try(in); err != nil {
			return fmt.Errorf("%w, after\n%s", err, in)
		}
	}
	return nil
}

// any is one that was kept, more often one of the last ones.
func (s *Search) any() Input {
	n := len(s.corpus)
	if s.Random.IntN(2) == 0 {
		return s.corpus[n-1-s.Random.IntN(min(n, 10))]
	}
	return s.corpus[s.Random.IntN(n)]
}

// try runs an input and keeps it if it reaches something new, each time it is run: what a timer or another connection
// did meanwhile is not its merit.
func (s *Search) try(in Input) error {
	places, err := s.once(in)
	if err != nil || !s.isNew(places) {
		return err
	}
	again, err := s.once(in)
	if err != nil {
		return err
	}
	its := common(places, again)
	worth := s.isNew(its)
	for _, p := range append(places, again...) {
		s.reach[p] = true
	}
	if worth {
		s.corpus = append(s.corpus, in.clone())
	}
	return nil
}

func (s *Search) once(in Input) ([]uint64, error) {
	if s.Before != nil {
		s.Before(in)
	}
	s.Runs++
	if err := s.Target.Run(in); err != nil {
		return nil, err
	}
	if s.Coverage == nil {
		return nil, nil
	}
	return s.Coverage.Places(), nil
}

func (s *Search) isNew(places []uint64) bool {
	return slices.ContainsFunc(places, func(p uint64) bool { return !s.reach[p] })
}

func common(a, b []uint64) (both []uint64) {
	in := map[uint64]bool{}
	for _, p := range a {
		in[p] = true
	}
	for _, p := range b {
		if in[p] {
			both = append(both, p)
			in[p] = false
		}
	}
	return both
}

// Distil gives few and short inputs that together reach what all that were kept do. It needs Coverage.
func (s *Search) Distil() ([]Input, error) {
	slices.SortStableFunc(s.corpus, func(a, b Input) int { return cmp.Compare(a.size(), b.size()) })
	s.reach = map[uint64]bool{}
	var few []Input
	for _, in := range s.corpus {
		places, err := s.once(in)
		if err != nil {
			return nil, err
		}
		if !s.isNew(places) {
			continue
		}
		for _, p := range places {
			s.reach[p] = true
		}
		few = append(few, in)
	}
	return few, nil
}
