// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"math/rand"
	"testing"

	"kchat/rooms"
)

func gap(fromEpoch, fromSeq, toEpoch, toSeq uint64) rooms.Gap {
	return rooms.Gap{From: at(fromEpoch, fromSeq), To: at(toEpoch, toSeq)}
}

func spansOf(parts ...[3]uint64) (list []epochSpan) {
	for _, p := range parts {
		list = append(list, epochSpan{epoch: p[0], span: span{p[1], p[2]}})
	}
	return list
}

func TestCoverage(t *testing.T) {
	type spans = [][3]uint64 // epoch, first, last
	for name, tc := range map[string]struct {
		spans    spans
		recorded []rooms.Gap
		want     Coverage
	}{
		"nothing": {nil, nil, Coverage{}},
		"a newcomer misses nothing of what was before": {
			spans{{1, 951, 1000}}, nil, Coverage{Highest: at(1, 1000), Contiguous: at(1, 1000)},
		},
		"a hole": {
			spans{{1, 1, 5}, {1, 9, 12}},
			nil,
			Coverage{Highest: at(1, 12), Contiguous: at(1, 5), Gaps: []rooms.Gap{gap(1, 5, 1, 8)}},
		},
		"two holes": {
			spans{{1, 1, 5}, {1, 9, 12}, {1, 20, 20}},
			nil,
			Coverage{Highest: at(1, 20), Contiguous: at(1, 5), Gaps: []rooms.Gap{gap(1, 5, 1, 8), gap(1, 12, 1, 19)}},
		},
		"a new epoch begins anew": {
			spans{{1, 1, 5}, {1, 9, 9}, {2, 3, 7}},
			nil,
			Coverage{Highest: at(2, 7), Contiguous: at(2, 7), Gaps: []rooms.Gap{gap(1, 5, 1, 8)}},
		},
		"what an earlier epoch said later": {
			spans{{1, 1, 57}, {2, 1, 4}},
			[]rooms.Gap{gap(1, 57, 2, 0)},
			Coverage{Highest: at(2, 4), Contiguous: at(2, 4), Gaps: []rooms.Gap{gap(1, 57, 2, 0)}},
		},
		"a gap over two epochs, filled in part at both ends": {
			spans{{1, 1, 58}, {2, 3, 9}},
			[]rooms.Gap{gap(1, 57, 2, 5)},
			Coverage{Highest: at(2, 9), Contiguous: at(2, 9), Gaps: []rooms.Gap{gap(1, 58, 2, 2)}},
		},
		"a recorded gap is filled in the middle": {
			spans{{1, 1, 5}, {1, 7, 7}},
			[]rooms.Gap{gap(1, 5, 1, 9)},
			Coverage{Highest: at(1, 7), Contiguous: at(1, 5), Gaps: []rooms.Gap{gap(1, 5, 1, 6), gap(1, 7, 1, 9)}},
		},
		"a recorded gap is filled": {
			spans{{1, 1, 9}}, []rooms.Gap{gap(1, 5, 1, 8)}, Coverage{Highest: at(1, 9), Contiguous: at(1, 9)},
		},
		"the end of an epoch is known to be missing": {
			spans{{1, 1, 9}},
			[]rooms.Gap{gap(1, 9, 1, 12)},
			Coverage{Highest: at(1, 9), Contiguous: at(1, 9), Gaps: []rooms.Gap{gap(1, 9, 1, 12)}},
		},
		"a hole recorded too counts once": {
			spans{{1, 1, 5}, {1, 9, 12}},
			[]rooms.Gap{gap(1, 5, 1, 8), gap(1, 4, 1, 9)},
			Coverage{Highest: at(1, 12), Contiguous: at(1, 5), Gaps: []rooms.Gap{gap(1, 5, 1, 8)}},
		},
		"nothing but a gap": {nil, []rooms.Gap{gap(1, 0, 1, 9)}, Coverage{Gaps: []rooms.Gap{gap(1, 0, 1, 9)}}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, "coverage", coverage(spansOf(tc.spans...), tc.recorded), tc.want) })
	}
}

func TestMissingIsRecordedFilledAndGivenUp(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	missing := func(g rooms.Gap, filled bool) {
		t.Helper()
		if err := s.Missing(ctx, testCommunity, "lobby", g.From, g.To, filled); err != nil {
			t.Fatal(err)
		}
	}
	gaps := func() []rooms.Gap { t.Helper(); return must(s.Coverage(ctx, lobby))(t).Gaps }
	stored := func() rooms.Position { t.Helper(); return must(s.Stored(ctx, testCommunity, "lobby"))(t) }

	equal(t, "nothing stored", stored(), rooms.Position{})
	counted(t, s, 3)
	save(t, s, said(8, "8"))
	equal(t, "stored", stored(), at(1, 3))
	missing(gap(1, 3, 1, 7), false)
	equal(t, "to resume after what the server has no more", stored(), at(1, 8))
	missing(gap(1, 8, 2, 0), false)
	equal(t, "recorded", must(s.MissingIn(ctx, testCommunity, "lobby"))(t), []rooms.Gap{gap(1, 3, 1, 7), gap(1, 8, 2, 0)})
	equal(t, "gaps", gaps(), []rooms.Gap{gap(1, 3, 1, 7), gap(1, 8, 2, 0)})
	save(t, s, said(5, "5"))
	equal(t, "gaps", gaps(), []rooms.Gap{gap(1, 3, 1, 4), gap(1, 5, 1, 7), gap(1, 8, 2, 0)})
	missing(gap(1, 3, 1, 7), true)
	equal(t, "gaps", gaps(), []rooms.Gap{gap(1, 8, 2, 0)})
	equal(t, "stored", stored(), at(1, 8))
	save(t, s, said(9, "9"))
	equal(t, "gaps", gaps(), []rooms.Gap{gap(1, 9, 2, 0)})
	missing(gap(1, 9, 2, 0), true)
	equal(t, "gaps", gaps(), nil)

	missing(gap(2, 0, 2, 9), false)
	missing(gap(2, 3, 2, 5), true)
	equal(t, "gaps", gaps(), []rooms.Gap{gap(2, 0, 2, 3), gap(2, 5, 2, 9)})
	if err := s.Missing(ctx, testCommunity, "lobby", at(2, 5), at(2, 5), false); err == nil {
		t.Error("an empty gap was recorded")
	}
}

func TestWhereToGoOn(t *testing.T) {
	type spans = [][3]uint64
	for name, tc := range map[string]struct {
		spans    spans
		recorded []rooms.Gap
		want     rooms.Position
	}{
		"nothing":                        {nil, nil, at(0, 0)},
		"nothing but a gap":              {nil, []rooms.Gap{gap(1, 0, 1, 9)}, at(0, 0)},
		"all":                            {spans{{1, 951, 1000}}, nil, at(1, 1000)},
		"before a hole":                  {spans{{1, 1, 5}, {1, 9, 12}}, nil, at(1, 5)},
		"after a recorded hole":          {spans{{1, 1, 5}, {1, 9, 12}}, []rooms.Gap{gap(1, 5, 1, 8)}, at(1, 12)},
		"within a hole recorded in part": {spans{{1, 1, 5}, {1, 9, 12}}, []rooms.Gap{gap(1, 5, 1, 7)}, at(1, 7)},
		"a hole of an earlier epoch":     {spans{{1, 1, 5}, {1, 9, 9}, {2, 3, 7}}, nil, at(2, 7)},
		"a gap over two epochs":          {spans{{1, 1, 5}, {2, 5, 7}, {2, 9, 9}}, []rooms.Gap{gap(1, 5, 2, 4)}, at(2, 7)},
		"the open end of an epoch":       {spans{{1, 1, 57}, {2, 951, 960}}, []rooms.Gap{gap(1, 57, 2, 0)}, at(2, 960)},
		"a gap at the end":               {spans{{1, 1, 5}}, []rooms.Gap{gap(1, 5, 1, 9)}, at(1, 5)},
	} {
		t.Run(name, func(t *testing.T) { equal(t, "position", resumeAt(spansOf(tc.spans...), tc.recorded), tc.want) })
	}
}

// TestSpansAgreeWithASet covers numbers in random order, in random batches, and compares with a plain set.
func TestSpansAgreeWithASet(t *testing.T) {
	ctx := context.Background()
	for seed := int64(1); seed <= 6; seed++ {
		r, s := rand.New(rand.NewSource(seed)), openTest(t)
		have := map[uint64]bool{}
		for range 30 {
			var batch []rooms.Message
			for range 1 + r.Intn(6) {
				n := 1 + r.Intn(60)
				have[uint64(n)] = true
				batch = append(batch, said(n, "x"))
			}
			save(t, s, batch...)
			if r.Intn(4) == 0 {
				from := uint64(r.Intn(50))
				to := from + 1 + uint64(r.Intn(9))
				for n := from + 1; n <= to; n++ {
					have[n] = true
				}
				if err := s.Missing(ctx, testCommunity, "lobby", at(1, from), at(1, to), true); err != nil {
					t.Fatal(err)
				}
			}
		}
		var want []rooms.Gap
		last := uint64(0)
		for n := uint64(1); n <= 60; n++ {
			if !have[n] {
				continue
			}
			if last != 0 && n > last+1 {
				want = append(want, gap(1, last, 1, n-1))
			}
			last = n
		}
		c := must(s.Coverage(ctx, lobby))(t)
		equal(t, "gaps", c.Gaps, want)
		equal(t, "highest", c.Highest, at(1, last))
	}
}
